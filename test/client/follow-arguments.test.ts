import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { type FollowOptions, follow } from '../../src/client/index.ts'
import { Newsroom } from '../browser/newsroom.ts'
import { startServer } from '../helpers/server.ts'
import { isLive, watch } from './watched.ts'

/** Nothing listens there, so that a feed which is made all the same would try for ever. */
const nowhere = 'http://127.0.0.1:1'

/** Follows, and lets go of a feed that was made all the same. */
function tryFollow(url: string, channel = 'harbour', options: object = {}): void {
  follow(url, channel, options as FollowOptions).close()
}

for (const url of ['ftp://news.example', 'file:///c/harbour', 'ws://news.example', 'data:,', 'news.example:80']) {
  test(`${url} is refused at once, by an error that says what is allowed`, () => {
    assert.throws(() => tryFollow(url), { name: 'TypeError', message: /http or https/ })
  })
}

test('what is no URL, or holds a password, is refused at once', () => {
  assert.throws(() => tryFollow('news.example'), TypeError)
  assert.throws(() => tryFollow('https://desk:secret@news.example'), { name: 'TypeError', message: /password/ })
  assert.throws(
    () => tryFollow('https://desk:secret@news.example'),
    (error: Error) => !error.message.includes('secret'),
  )
})

test('what can be no channel is refused at once', () => {
  for (const channel of ['', '.', '..', 'a/b', 'Harbour', '-a', 'a'.repeat(65), null, 7]) {
    assert.throws(() => tryFollow(nowhere, channel as string), TypeError, String(channel))
  }
})

test('transports that are unknown, and delays that are none, are refused at once', () => {
  const refused = (options: object, message: RegExp) =>
    assert.throws(() => tryFollow(nowhere, 'harbour', options), { name: 'RangeError', message })
  refused({ transports: [] }, /socket, sse, poll/)
  for (const name of ['pigeon', 'toString', '']) refused({ transports: ['sse', name] }, /socket, sse, poll/)
  for (const ms of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31, '5'])
    refused({ timing: { pollMs: ms } }, /pollMs/)
})

for (const [names, transport] of [
  [['websocket'], 'socket'],
  [['polling'], 'poll'],
  [['polling', 'websocket'], 'socket'],
] as const) {
  test(`transports of ${names.join(' and ')} are taken by Socket.IO's names`, { timeout }, async (t) => {
    const server = await startServer(t)
    await new Newsroom(server, 'harbour').open()
    const watched = watch(t, server.url, 'harbour', { transports: names })
    await watched.until('live', isLive)
    assert.equal(watched.feed.transport, transport)
  })
}

test('a delay that is undefined is the usual one', { timeout }, async (t) => {
  const server = await startServer(t)
  await new Newsroom(server, 'harbour').open()
  const timing = { openTimeoutMs: undefined, answerTimeoutMs: undefined } as object
  const watched = watch(t, server.url, 'harbour', { transports: ['socket'], timing })
  await watched.until('live', isLive)
  assert.deepEqual(watched.problems, [])
})
