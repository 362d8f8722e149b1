import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { renderBody } from '../../src/api/body.ts'
import { sanitise } from '../../src/api/markup.ts'
import { CodedError } from '../../src/errors.ts'
import { limits } from '../../src/wire/limits.ts'

const html = (source: string) => renderBody({ html: source }).html
const invalid = (error: unknown) => error instanceof CodedError && error.code === 'invalid'

test('Markdown becomes HTML with tables, and plain text beside it', () => {
  const body = renderBody({ markdown: '# Quay\n\nCrews are **there** & ready.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n' })
  assert.match(body.html, /^<h2>Quay<\/h2>/)
  assert.match(body.html, /<p>Crews are <strong>there<\/strong> &amp; ready\.<\/p>/)
  assert.match(body.html, /<th align="right">b<\/th>/)
  assert.equal(body.text, 'Quay\nCrews are there & ready.\na\tb\n1\t2')
})

test('plain text keeps its paragraphs and line ends, and markup in it is text', () => {
  const body = renderBody({ text: 'One <b>\ntwo\r\n\r\n \n three & four' })
  assert.equal(body.html, '<p>One &lt;b&gt;<br />two</p>\n<p>three &amp; four</p>')
  assert.equal(body.text, 'One <b>\ntwo\nthree & four')
})

const removed: readonly [what: string, source: string, becomes: string][] = [
  ['a script with its text', '<p>a<script>alert(1)</script>b</p>', '<p>ab</p>'],
  ['a style with its text', '<style>p{}</style><p>a</p>', '<p>a</p>'],
  ['an event handler', '<p onclick="x()" onmouseover=y>a</p>', '<p>a</p>'],
  ['a javascript: link', '<a href="javascript:x()">a</a>', '<a>a</a>'],
  ['a javascript: link in disguise', '<a href=" java&#10;script:x()">a</a>', '<a>a</a>'],
  ['a data: link', '<a href="data:text/html,x">a</a>', '<a>a</a>'],
  ['a relative link, which would lead elsewhere on every site', '<a href="/x">a</a>', '<a>a</a>'],
  ['a protocol-relative link', '<a href="//x.example">a</a>', '<a>a</a>'],
  ['a target and a rel of the sender', '<a target="_blank" rel="opener">a</a>', '<a>a</a>'],
  ['a frame', '<iframe src="https://x.example"></iframe><p>a</p>', '<p>a</p>'],
  ['a form and its fields', '<form action="/x"><input name="a"><button>go</button></form>b', 'b'],
  ['a picture, which has a field of its own', '<p>a<img src="https://x.example/a.png" onerror=x()></p>', '<p>a</p>'],
  ['an svg with a script', '<svg><script>x()</script></svg><p>a</p>', '<p>a</p>'],
  ['a style attribute, a class and an id', '<p style="color:red" class="a" id="b">a</p>', '<p>a</p>'],
  [
    'a colspan that is no small number',
    '<table><tr><td colspan="99999">a</td></tr></table>',
    '<table><tr><td>a</td></tr></table>',
  ],
  ['a comment', '<p>a<!-- b --></p>', '<p>a</p>'],
  ['a control character', '<p>a\u0000\u0007b</p>', '<p>ab</p>'],
]

for (const [what, source, becomes] of removed) {
  test(`sanitising removes ${what}`, () => assert.equal(html(source), becomes))
}

test('links get a rel, headings start below the page title, languages stay', () => {
  assert.equal(
    html('<h1 lang="de">A</h1><h6>B</h6><a href="https://x.example/a?b&amp;c">C</a>'),
    '<h2 lang="de">A</h2><h4>B</h4><a href="https://x.example/a?b&amp;c" rel="nofollow noopener">C</a>',
  )
})

test('a body in which nothing can be seen is the empty body', () => {
  const nothing = [
    '',
    ' \n ',
    '<p> </p>',
    '<script>x</script>',
    '<img src="https://x.example/a.png">',
    '<hr>',
    '\u200b\u00ad',
  ]
  for (const source of nothing) assert.deepEqual(renderBody({ html: source }), { html: '', text: '' }, source)
  assert.deepEqual(renderBody({ markdown: '<!-- a -->\n\n![](https://x.example/a.png)' }), { html: '', text: '' })
})

test('HTML that outgrows a stored body is refused, since escaping makes it longer', () => {
  assert.throws(() => renderBody({ text: '<'.repeat(limits.bodyCharsMax / 2) }), invalid)
})

test('preformatted text keeps its lines and spaces', () => {
  assert.equal(renderBody({ markdown: '```\na  b\n  c\n```' }).text, 'a  b\nc')
})

const whole = limits.bodyCharsMax
const filled = (unit: string) => unit.repeat(Math.floor(whole / unit.length))
const hard: readonly string[] = [
  `${'a'.repeat(whole - 1)}@`,
  ...'<div> [ * > **_a a_ [a]( <a &'.split(' ').map(filled),
  filled('> - '),
]

test('no input of the largest size is worked on without end: it is rendered, or refused', () => {
  for (const source of hard) {
    for (const input of [{ markdown: source }, { html: source }, { text: source }]) {
      try {
        const body = renderBody(input)
        assert.ok(body.html.length <= whole)
      } catch (error) {
        assert.ok(invalid(error), `${source.slice(0, 8)}: ${String(error)}`)
      }
    }
  }
})

const pieces = fc.constantFrom(
  ...'<script>|</script>|<scr|ipt>|<p |<a href=|"javascript:x()"|onclick=x |>|<|/|"|<svg|<style>|</style>'.split('|'),
  ...'<textarea>|<noscript>|<xmp>|<iframe>|<!--|-->|<![CDATA[|]]>|&lt;|&#x6a;|<td colspan=1|<pre>|<math'.split('|'),
  ...'<blockquote>|<template>|[a](javascript:x)|![|](|`|> |a| |=|\n\n|\u0000'.split('|'),
)
const source = fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 40 }).map((parts) => parts.join(''))

test('whatever is sent, what comes out holds no script, no handler and no script link', () => {
  fc.assert(
    fc.property(source, fc.constantFrom('html', 'markdown', 'text'), (text, kind) => {
      const body = renderBody(kind === 'html' ? { html: text } : kind === 'markdown' ? { markdown: text } : { text })
      for (const [tag] of body.html.matchAll(/<[^>]*>/g)) {
        assert.match(
          tag,
          /^<\/?[a-z][a-z0-9]*(?: (?:href|rel|lang|dir|cite|title|start|colspan|rowspan|scope|align|datetime)="[^"<>]*")*(?: \/)?>$/,
        )
        assert.doesNotMatch(tag, /javascript:|data:|^<(?:script|style|iframe|svg|img|form)/i)
      }
      assert.doesNotMatch(body.html.replaceAll(/<[^>]*>/g, ''), /[<>]/)
    }),
    { numRuns: 1_000 },
  )
})

test('a paragraph ends before a block, though an element that is dropped stood between them', () => {
  assert.equal(sanitise('<p>a<iframe><blockquote>b'), '<p>a</p><blockquote>b</blockquote><p></p>')
})

test('sanitising what is sanitised changes nothing', () => {
  fc.assert(
    fc.property(source, (text) => {
      const once = sanitise(text)
      assert.equal(sanitise(once), once)
    }),
    { numRuns: 1_000 },
  )
})
