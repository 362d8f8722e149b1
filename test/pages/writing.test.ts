import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferredLanguage } from '../../src/pages/accept-language.ts'
import { directionOf, listSeparator, textDirection } from '../../src/pages/reader/writing.ts'

test('the direction of a page is that of the script in which its language is written', () => {
  for (const tag of ['ar', 'ar-EG', 'fa', 'he', 'ur', 'ps', 'ckb', 'yi', 'dv', 'az-Arab', 'pa-PK', 'ku-Arab']) {
    assert.equal(directionOf(tag), 'rtl', tag)
  }
  for (const tag of ['en', 'uk', 'de', 'fr', 'es', 'ja', 'pa', 'az', 'ku', 'ar-Latn', '', 'x', 'not a language']) {
    assert.equal(directionOf(tag), 'ltr', tag)
  }
})

test('a text that begins with a foreign word has the direction of its page, and one that is all foreign its own', () => {
  assert.equal(textDirection('FBI تحقق في الحريق', 'ar'), 'rtl')
  assert.equal(textDirection('«BBC» מדווח', 'he'), 'rtl')
  assert.equal(textDirection('Harbour office', 'ar'), 'auto')
  assert.equal(textDirection('12:30', 'ar'), 'auto')
  assert.equal(textDirection('الميناء', 'en'), 'auto')
})

test('a list has the comma of its script', () => {
  assert.deepEqual(['en', 'uk', 'ar', 'ur', 'he', 'ja', 'zh-TW'].map(listSeparator), [
    ', ',
    ', ',
    '، ',
    '، ',
    ', ',
    '、',
    '、',
  ])
})

test('a reader gets the language that he prefers among those that there are', () => {
  const preferred = (header?: string) => preferredLanguage(header, ['en', 'uk', 'ar', 'de'])
  for (const [header, language] of [
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['de-AT,de;q=0.9,en;q=0.8', 'de'],
    ['pt-BR, uk;q=0.4, ar;q=0.7', 'ar'],
    ['UK', 'uk'],
    ['de;q=0', 'en'],
    ['de;q=x, uk;q=0.1', 'uk'],
    ['den, ukr', 'en'],
    [`${'fr,'.repeat(5000)}de`, 'en'],
    [';;,,;q=', 'en'],
  ] as const) {
    assert.equal(preferred(header), language, header?.slice(0, 40))
  }
})
