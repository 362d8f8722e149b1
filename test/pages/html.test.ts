import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { html, scriptJson, trusted } from '../../src/pages/html.ts'

/** Text with far more of the characters that mean something to a parser than chance would bring. */
const hostile = fc
  .array(
    fc.oneof(fc.constantFrom('<', '>', '"', "'", '&', '</script>', '<!--', ']]>', '\u2028', '\u2029'), fc.string()),
  )
  .map((parts) => parts.join(''))

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function unescaped(markup: string): string {
  return markup.replace(/&(#?\w+);/g, (whole, name: string) => named[name] ?? whole)
}

test('no text put into a template yields markup, in text or in an attribute', () => {
  fc.assert(
    fc.property(hostile, hostile, (inText, inAttribute) => {
      const markup = html`<p title="${inAttribute}">${inText}</p>`.toString()
      const parts = /^<p title="([^"<>]*)">([^<>]*)<\/p>$/.exec(markup)
      assert.ok(parts, markup)
      assert.equal(unescaped(parts[1] ?? ''), inAttribute)
      assert.equal(unescaped(parts[2] ?? ''), inText)
    }),
  )
})

test('a template keeps templates, lists and trusted markup as they are, and writes nothing for what is not there', () => {
  const items = ['a', 'b<'].map((text) => html`<li>${text}</li>`)
  assert.equal(html`<ul>${items}${null}${undefined}${false}${0}</ul>`.toString(), '<ul><li>a</li><li>b&lt;</li>0</ul>')
  assert.equal(html`${trusted('<b>x</b>')}`.toString(), '<b>x</b>')
})

test('embedded JSON reads back as it was and can not end its script', () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const json = scriptJson(value).toString()
      assert.doesNotMatch(json, /[<>&\u2028\u2029]/)
      assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)))
    }),
  )
})
