import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languages } from '../../src/pages/reader/words/languages.ts'
import { wordsFor } from '../../src/pages/reader/words.ts'

const counted = ['newPosts', 'corrected', 'takenBack', 'gap'] as const

test('each language has a text for every plural category that it has', () => {
  for (const texts of languages) {
    const categories = new Intl.PluralRules(texts.language).resolvedOptions().pluralCategories.toSorted()
    for (const name of counted) {
      assert.deepEqual(Object.keys(texts[name]).toSorted(), categories, `${name} of ${texts.language}`)
      assert.match(texts[name].other, /\{count\}/)
    }
    assert.match(texts.ownTime, /\{time\}/)
  }
})

test('no text is missing in a language, or the same as in English by oversight', () => {
  const flat = (value: unknown, path = ''): [string, string][] =>
    typeof value === 'string'
      ? [[path, value]]
      : Object.entries(value as object).flatMap(([key, inner]) => flat(inner, `${path}.${key}`))
  const [english, ...others] = languages
  const wordsOfEnglish = new Map(flat(english))
  // Words that the languages share.
  const shared = /^\.(site|sources|status\.live|pause|correction\.clarification|tags)$/
  for (const texts of others) {
    for (const [path, text] of flat(texts)) {
      assert.notEqual(text.trim(), '', `${path} of ${texts.language}`)
      if (!shared.test(path)) assert.notEqual(text, wordsOfEnglish.get(path), `${path} of ${texts.language}`)
    }
  }
})

test("a form of a language has the language's words, and a language without words has those in English", () => {
  assert.equal(wordsFor('de-AT').pinned, 'Angeheftet')
  assert.equal(wordsFor('uk').pinned, 'Закріплено')
  assert.equal(wordsFor('ar-EG').pinned, 'مثبّت')
  assert.equal(wordsFor('fr-CA').pinned, 'Épinglé')
  assert.equal(wordsFor('es-419').pinned, 'Fijado')
  for (const tag of ['en', 'en-AU', 'he', 'eo', 'zh-Hant-TW', '', 'not a language']) {
    assert.equal(wordsFor(tag).pinned, 'Pinned', tag)
  }
})

test('a number is in the form and in the digits of the language', () => {
  assert.deepEqual([0, 1, 2].map(wordsFor('en').newPosts), ['0 new posts', '1 new post', '2 new posts'])
  assert.equal(wordsFor('en').gap(1640), 'Show 1,640 posts in between')
  assert.deepEqual([1, 3, 5, 21].map(wordsFor('uk').newPosts), [
    '1 нове повідомлення',
    '3 нові повідомлення',
    '5 нових повідомлень',
    '21 нове повідомлення',
  ])
  assert.deepEqual([1, 2, 3, 11, 100].map(wordsFor('ar-EG').newPosts), [
    'خبر جديد واحد',
    'خبران جديدان',
    '٣ أخبار جديدة',
    '١١ خبرًا جديدًا',
    '١٠٠ خبر جديد',
  ])
  assert.equal(wordsFor('ar-MA').newPosts(3), '3 أخبار جديدة')
  assert.equal(wordsFor('de').takenBack(1640), '1.640 Beiträge wurden zurückgezogen')
  assert.equal(wordsFor('he').corrected(1640), '1,640 posts were corrected')
})

test('a runtime without plural rules or number formats still has a text for every number', (t) => {
  const { PluralRules, NumberFormat } = Intl
  t.after(() => Object.assign(Intl, { PluralRules, NumberFormat }))
  Object.assign(Intl, { PluralRules: undefined, NumberFormat: undefined })
  assert.equal(wordsFor('de').newPosts(1), '1 neuer Beitrag')
  assert.equal(wordsFor('de').newPosts(1640), '1640 neue Beiträge')
  assert.equal(wordsFor('ar').newPosts(3), '3 خبر جديد')
})

test('several texts become one line', () => {
  const { joined, newPosts, corrected } = wordsFor('en')
  assert.equal(joined([newPosts(2), corrected(1)]), '2 new posts. 1 post was corrected')
  assert.equal(joined([newPosts(1)]), '1 new post')
})
