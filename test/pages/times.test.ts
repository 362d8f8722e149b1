import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownTime, timeElement } from '../../src/pages/reader/times.ts'

const summer = '2026-07-01T20:04:05.000Z'

function shown(language: string, timeZone: string): string {
  return timeElement(summer, { language, timeZone })
    .toString()
    .replaceAll(/<[^>]*>/g, '')
}

test('a time is shown in the zone of the channel, with the abbreviation that people there use', () => {
  assert.equal(shown('en', 'Europe/London'), '21:04 BST 1 Jul 2026')
  assert.equal(shown('en', 'America/New_York'), '16:04 EDT 1 Jul 2026')
  assert.equal(shown('de', 'Europe/Berlin'), '22:04 MESZ 1. Juli 2026')
  assert.equal(shown('en', 'Asia/Kolkata'), '01:34 IST 2 Jul 2026')
  assert.equal(shown('en', 'UTC'), '20:04 UTC 1 Jul 2026')
})

test('a time has the hours, digits and order of the language', () => {
  for (const [language, timeZone, time] of [
    ['en-US', 'America/New_York', '4:04\u00a0PM EDT Jul 1, 2026'],
    ['en-GB', 'Europe/London', '21:04 BST 1 Jul 2026'],
    ['es-MX', 'UTC', '8:04\u00a0p.m. UTC 1 jul 2026'],
    ['fr', 'UTC', '20:04 UTC 1 juil. 2026'],
    ['uk', 'UTC', '20:04 UTC 1 лип. 2026 р.'],
    ['ar', 'Asia/Riyadh', '11:04\u00a0م غرينتش+3 1 يوليو 2026'],
    ['ar-EG', 'UTC', '٨:٠٤\u00a0م UTC ١ يوليو ٢٠٢٦'],
    ['fa', 'UTC', '۲۰:۰۴ UTC ۱۰ تیر ۱۴۰۵'],
    ['he', 'Europe/London', '21:04 BST 1 ביולי 2026'],
  ] as const) {
    assert.equal(shown(language, timeZone), time, language)
  }
  const midnight = timeElement('2026-07-01T00:04:05.000Z', { language: 'en-US', timeZone: 'UTC' }).toString()
  assert.match(midnight, /<bdi>12:04\u00a0AM<\/bdi>/)
  assert.match(timeElement('2026-07-01T00:04:05.000Z', { language: 'de', timeZone: 'UTC' }).toString(), /<bdi>00:04</)
  const arabic = { language: 'ar', timeZone: 'Europe/London' }
  assert.equal(ownTime(summer, arabic, 'Asia/Tokyo'), '5:04\u00a0ص، 2 يوليو 2026')
})

test('each part of a time keeps its direction to itself', () => {
  const markup = timeElement(summer, { language: 'ar-EG', timeZone: 'UTC' }).toString()
  const parts = '<span class="clock"><bdi>٨:٠٤\u00a0م</bdi> <bdi>UTC</bdi></span> <bdi class="day">١ يوليو ٢٠٢٦</bdi>'
  assert.ok(markup.includes(parts), markup)
})

test('a time is UTC for machines, whatever the zone', () => {
  const markup = timeElement(summer, { language: 'en', timeZone: 'Asia/Kolkata' }).toString()
  assert.match(markup, /^<time datetime="2026-07-01T20:04:05\.000Z" data-zoned>/)
})

test('a zone and a language that are not known here become UTC and English, and what is no time is shown as it is', () => {
  assert.equal(shown('de', 'Europe/Nowhere'), '20:04 UTC 1. Juli 2026')
  assert.equal(shown('x', 'Europe/Berlin'), '22:04 CEST 1 Jul 2026')
  assert.equal(shown('not a language', 'Nowhere'), '20:04 UTC 1 Jul 2026')
  assert.match(
    timeElement('<soon>', { language: 'en', timeZone: 'UTC' }).toString(),
    />&lt;soon&gt;<\/bdi><\/span><\/time>$/,
  )
  const london = { language: 'en', timeZone: 'Europe/London' }
  assert.equal(ownTime('14:30', london, 'Asia/Tokyo'), null)
  assert.equal(ownTime(summer, london, 'Etc/Unknown'), null)
  assert.equal(ownTime(summer, { language: 'x', timeZone: 'Nowhere' }, 'Asia/Tokyo'), '05:04, 2 Jul 2026')
})

test("the reader's own time is told only where the clocks differ, with the day where that differs too", () => {
  const london = { language: 'en', timeZone: 'Europe/London' }
  assert.equal(ownTime(summer, london, 'Europe/Lisbon'), null)
  assert.equal(ownTime(summer, london, 'Europe/Berlin'), '22:04')
  assert.equal(ownTime(summer, london, 'Asia/Tokyo'), '05:04, 2 Jul 2026')
})
