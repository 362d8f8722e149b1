import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { renderBody } from '../../src/api/body.ts'
import { sanitise } from '../../src/api/markup.ts'
import { limits } from '../../src/wire/limits.ts'
import type { Body, BodyInput } from '../../src/wire/post.ts'

function rendered(input: BodyInput): Body {
  const answer = renderBody(input)
  assert.ok(answer.kind === 'body', JSON.stringify(answer))
  return answer.body
}

const html = (source: string) => rendered({ html: source }).html

test('Markdown becomes HTML with tables, and plain text beside it', () => {
  const body = rendered({ markdown: '# Quay\n\nCrews are **there** & ready.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n' })
  assert.match(body.html, /^<h2>Quay<\/h2>/)
  assert.match(body.html, /<p>Crews are <strong>there<\/strong> &amp; ready\.<\/p>/)
  assert.match(body.html, /<th align="right">b<\/th>/)
  assert.equal(body.text, 'Quay\nCrews are there & ready.\na\tb\n1\t2')
})

test('plain text keeps its paragraphs and line ends, and markup in it is text', () => {
  const body = rendered({ text: 'One <b>\ntwo\r\n\r\n \n three & four' })
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
  ['a control character that a reference names', '<p>a&#1;&#x7f;b</p>', '<p>ab</p>'],
  ['a noncharacter', '<p title="\uffff">a\ufffe\u{1ffff}&#xFFFF;b</p>', '<p>ab</p>'],
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
  for (const source of nothing) assert.deepEqual(rendered({ html: source }), { html: '', text: '' }, source)
  assert.deepEqual(rendered({ markdown: '<!-- a -->\n\n![](https://x.example/a.png)' }), { html: '', text: '' })
})

test('HTML that outgrows a stored body is refused, since escaping makes it longer', () => {
  const answer = renderBody({ text: '<'.repeat(limits.bodyCharsMax) })
  assert.ok(answer.kind === 'invalid')
  assert.equal(answer.error.path, 'body.text')
  assert.match(answer.error.message, /at most 262144 characters of HTML; this gives 262151/)
})

test('preformatted text keeps its lines and spaces', () => {
  assert.equal(rendered({ markdown: '```\na  b\n  c\n```' }).text, 'a  b\nc')
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
      const body = rendered(kind === 'html' ? { html: text } : kind === 'markdown' ? { markdown: text } : { text })
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

test("Markdown has GitHub's tables, strikethrough and bare links, and CommonMark's line breaks", () => {
  const link = (address: string, text: string) => `<a href="${address}" rel="nofollow noopener">${text}</a>`
  const cases: readonly [source: string, becomes: string][] = [
    ['~~gone~~', '<p><del>gone</del></p>'],
    ['https://x.example/a?b=c.', `<p>${link('https://x.example/a?b=c', 'https://x.example/a?b=c')}.</p>`],
    ['See www.x.example/a.', `<p>See ${link('http://www.x.example/a', 'www.x.example/a')}.</p>`],
    ['desk@x.example', `<p>${link('mailto:desk@x.example', 'desk@x.example')}</p>`],
    ['x.example and ftp://x.example', '<p>x.example and ftp://x.example</p>'],
    ['[a](javascript:x)', '<p><a>a</a></p>'],
    ['a  \nb\\\nc\nd', '<p>a<br />\nb<br />\nc\nd</p>'],
    ['a <b>b</b>', '<p>a <b>b</b></p>'],
  ]
  for (const [source, becomes] of cases) assert.equal(rendered({ markdown: source }).html, becomes)
})

test('emphasis in Markdown begins and ends beside the punctuation of scripts without spaces', () => {
  const cases: readonly [source: string, becomes: string][] = [
    ['これは**「速報」**です', '<p>これは<strong>「速報」</strong>です</p>'],
    ['**速報。**次の', '<p><strong>速報。</strong>次の</p>'],
    ['这是*《新闻》*的', '<p>这是<em>《新闻》</em>的</p>'],
    ['~~「速報」~~です', '<p><del>「速報」</del>です</p>'],
    ['**부두(埠頭)**에', '<p><strong>부두(埠頭)</strong>에</p>'],
    // As CommonMark has it where the words are parted by spaces.
    ['a**"b"**c', '<p>a**"b"**c</p>'],
    ['a_b_c and **d**e', '<p>a_b_c and <strong>d</strong>e</p>'],
  ]
  for (const [source, becomes] of cases) assert.equal(rendered({ markdown: source }).html, becomes)
})

test('the text of a body closes what turns the direction, line by line', () => {
  const { text } = rendered({ text: 'a \u202eb\n\nc \u2067d\u2069' })
  assert.equal(text, 'a \u202eb\u202c\nc \u2067d\u2069')
})

test('Markdown that is nested deeper than a body may be keeps its text', () => {
  const body = rendered({ markdown: `${'> '.repeat(100)}a\n\n${'- '.repeat(100)}b` })
  assert.equal(body.html.match(/<blockquote>/g)?.length, 24)
  assert.match(body.text, /a\n.*b$/)
})

test('an address that references repeat is not copied without end', () => {
  const answer = renderBody({ markdown: `[a]: https://x.example/${'&'.repeat(30_000)}\n\n${'[a]'.repeat(10_000)}` })
  assert.ok(answer.kind === 'invalid')
  assert.match(answer.error.message, /links in it repeat/)
})

test('plain text has one space between words, tabs between cells, and the lines of preformatted text', () => {
  const cases: readonly [source: string, text: string][] = [
    ['<p>a <b> b</b>  c&amp;lt;</p> <p>d</p>', 'a b c&lt;\nd'],
    ['<table><tr><td>a</td> <td></td>\n<td>b </td></tr><tr><td>c</td></tr></table>', 'a\t\tb\nc'],
    ['<pre>a  b\n\n   c <b>d</b>  \n</pre>e', 'a  b\nc d\ne'],
    ['a\u00a0\u00a0b', 'a\u00a0\u00a0b'],
  ]
  for (const [source, text] of cases) assert.equal(rendered({ html: source }).text, text)
})

const anyText = fc.oneof(
  source,
  fc.string({ unit: 'grapheme', maxLength: 500 }),
  fc.array(fc.constantFrom(...'* _ ~ ` [ ] ( ) ! < > & # - + | : \\ " \n  \t a 1. www. @ http:// /'.split(' '), ' ')),
)
const largeText = fc.tuple(anyText, fc.integer({ min: 1, max: limits.bodyCharsMax })).map(([unit, chars]) => {
  const text = Array.isArray(unit) ? unit.join('') : unit
  return text === '' ? '' : text.repeat(Math.ceil(chars / text.length)).slice(0, chars)
})
const kinds = fc.constantFrom('markdown', 'html', 'text')

test('a body of any text is the same each time, and sanitising it again changes nothing', () => {
  const check = (text: string, kind: 'markdown' | 'html' | 'text') => {
    const input = kind === 'html' ? { html: text } : kind === 'markdown' ? { markdown: text } : { text }
    const answer = renderBody(input)
    assert.deepEqual(renderBody(input), answer)
    if (answer.kind === 'body') assert.equal(sanitise(answer.body.html), answer.body.html)
  }
  const short = anyText.map((text) => (Array.isArray(text) ? text.join('') : text))
  fc.assert(fc.property(short, kinds, check), { numRuns: 500 })
  fc.assert(fc.property(largeText, kinds, check), { numRuns: 12 })
})
