import assert from 'node:assert/strict'
import test from 'node:test'
import { namesTag, parseTags, withoutCoding } from '../../src/wire/entity-tag.ts'

test('entity tags are read as RFC 9110 writes them', () => {
  assert.equal(parseTags(' * '), '*')
  assert.deepEqual(parseTags('"1"'), [{ opaque: '1', weak: false }])
  assert.deepEqual(parseTags('W/"a", "b,c" ,"d"'), [
    { opaque: 'a', weak: true },
    { opaque: 'b,c', weak: false },
    { opaque: 'd', weak: false },
  ])
  for (const wrong of ['', '1', 'w/"1"', '"1', '"1" "2"', '*, "1"', '"a b"'])
    assert.equal(parseTags(wrong), null, wrong)
})

test('a coding is taken off a tag, once, and nothing else is', () => {
  for (const tag of ['3-gzip', '3--gzip', '3;gzip', '3-br', '3-zstd', '3-deflate', '3-x-gzip']) {
    assert.equal(withoutCoding(tag), '3', tag)
  }
  for (const tag of ['3', '3gzip', '3-gzip-x', '3-GZIP', 'gzip', '3-other']) assert.equal(withoutCoding(tag), tag)
  assert.equal(withoutCoding('3-gzip-br'), '3-gzip')
})

test('a tag that ends like a coding by chance is named as it is, too', () => {
  assert.ok(namesTag('"abc-br"', 'abc-br'))
  assert.ok(namesTag('W/"abc-br-gzip"', 'abc-br'))
  assert.ok(namesTag('"abc--gzip"', 'abc-'))
  assert.ok(!namesTag('"abc"', 'abc-br'))
  assert.ok(namesTag('*', 'abc'))
  assert.ok(!namesTag('abc', 'abc'))
})
