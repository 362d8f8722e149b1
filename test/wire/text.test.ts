import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closeBidi } from '../../src/wire/bidi.ts'
import { cutText } from '../../src/wire/cut.ts'
import { line } from '../../src/wire/scalars.ts'
import { cleanText } from '../../src/wire/text.ts'

/** Any code units, with those that are refused somewhere more often than chance has them. */
const units = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  fc.integer({ min: 0, max: 0x10 }).map((plane) => String.fromCodePoint(plane * 0x10000 + 0xfffe)),
  fc.constantFrom(
    ...'\u0000 \u0007 \t \n \r \r\n \u000b \u000c \u0085 \u007f \u2028 \ufdd0 \ufeff 👩‍🚒 🇩🇪 e\u0301'.split(' '),
  ),
)
const anyText = fc.array(units, { maxLength: 20 }).map((parts) => parts.join(''))
const direction = fc.constantFrom(...'\u202a \u202b \u202c \u202d \u202e \u2066 \u2067 \u2068 \u2069 \n a א'.split(' '))
const directed = fc.array(direction, { maxLength: 30 }).map((parts) => parts.join(''))

test('what is cleaned is taken by every strict reader, and cleaning it again changes nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const clean = cleanText(text)
      assert.ok(clean.isWellFormed())
      // XML 1.0, 2.2, without the controls and noncharacters that it discourages.
      assert.doesNotMatch(clean, /[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\u{10000}-\u{10ffff}]/u)
      assert.doesNotMatch(clean, /\p{Noncharacter_Code_Point}/u)
      assert.equal(cleanText(clean), clean)
    }),
    { numRuns: 1_000 },
  )
})

test('cleaning keeps what people write, and says where half a character was', () => {
  const kept = 'Café “Zürich” – 速報 👩‍🚒 🇩🇪 עברית\u200f \u2028 soft\u00adhyphen\ttab\nline'
  assert.equal(cleanText(kept), kept)
  assert.equal(cleanText('a\ud83d b\udc00'), 'a\ufffd b\ufffd')
  assert.equal(cleanText('a\u0000b\u0007c\uffffd\u{1fffe}e\ufdd0f\u007fg\u009f'), 'abcdefg')
  assert.equal(cleanText('a\r\nb\rc\u000bd\u000ce\u0085f'), 'a\nb\nc\nd\ne\nf')
})

/** How many controls are open at the end of each line, by the rules X1 to X8 of Unicode Standard Annex 9. */
function openAtLineEnds(text: string): number[] {
  return text.split('\n').map((line) => {
    const open: string[] = []
    for (const char of line) {
      if ('\u202a\u202b\u202d\u202e'.includes(char)) open.push('embedding')
      else if ('\u2066\u2067\u2068'.includes(char)) open.push('isolate')
      else if (char === '\u202c' && open.at(-1) === 'embedding') open.pop()
      else if (char === '\u2069' && open.includes('isolate')) open.length = open.lastIndexOf('isolate')
    }
    return open.length
  })
}

test('every bidi control is closed in its line, and none closes what it did not open', () => {
  fc.assert(
    fc.property(directed, directed, (text, next) => {
      const closed = closeBidi(text)
      assert.deepEqual(
        openAtLineEnds(closed).filter((count) => count > 0),
        [],
      )
      // Beside it in one line, what is open before it is open after it.
      assert.deepEqual(openAtLineEnds(`\u2067\u202e${closed.replaceAll('\n', '')}`), [2])
      assert.equal(closeBidi(closed), closed)
      const plain = (one: string) => one.replaceAll(/[\u202c\u2069]/g, '')
      assert.equal(plain(closed), plain(text))
      assert.equal(closeBidi(`${closed}\n${next}`), `${closed}\n${closeBidi(next)}`)
    }),
    { numRuns: 1_000 },
  )
})

test('a text without bidi controls is left as it is, and one of nothing else is closed in linear time', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      if (!/[\u202a-\u202e\u2066-\u2069]/.test(text)) assert.equal(closeBidi(text), text)
    }),
  )
  const many = 200_000
  assert.equal(closeBidi('\u202e'.repeat(many) + '\u2069'.repeat(many)), '\u202e'.repeat(many) + '\u202c'.repeat(many))
  assert.equal(closeBidi('\u2067'.repeat(many)).length, 2 * many)
})

test('a field is trimmed before what it opens is closed', () => {
  assert.equal(line(10).parse(' \u202ea '), '\u202ea\u202c')
})

test('the largest text of a field counts what closes it', () => {
  assert.equal(line(4).parse('\u202eab').length, 4)
  assert.equal(line(4).safeParse('\u202eabc').success, false)
})

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

test('a text is cut between graphemes, and never becomes longer than it may be', () => {
  const family = fc.constantFrom('👩‍👩‍👧‍👦', '🇩🇪', '👍🏽', 'e\u0301', 'ก็', '한', '\r\n', 'a', ' ', '速')
  const text = fc.array(fc.oneof(family, fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 40 })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 60 }), (parts, charsMax) => {
      const whole = parts.join('')
      const cut = cutText(whole, charsMax)
      assert.ok(cut.length <= charsMax)
      if (cut === whole) return
      assert.ok(cut.endsWith('…'))
      const kept = cut.slice(0, -1)
      const starts = [...graphemes.segment(whole)].map(({ index }) => index)
      const next = starts.find((index) => whole.slice(0, index).trimEnd() === kept)
      assert.notEqual(next, undefined, JSON.stringify([whole, cut]))
    }),
    { numRuns: 1_000 },
  )
})

test('a text that is too long is cut, and one that fits is left whole', () => {
  assert.equal(cutText('abcdef', 6), 'abcdef')
  assert.equal(cutText('abcdefg', 6), 'abcde…')
  assert.equal(cutText('abcd👩‍🚒', 6), 'abcd…')
  assert.equal(cutText(`a${'\u0301'.repeat(100)}`, 6), '…')
})
