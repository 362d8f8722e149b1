import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { testMsMax as timeout } from '../../scripts/setup/test-limits.js'
import { Link } from './link.ts'

/** A link to a server that sends back what it is sent, a connection through it, and all that came back. */
async function echoing(t: TestContext) {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const link = await Link.open({ host: '127.0.0.1', port: address.port })
  t.after(() => link.close())
  const connect = async () => {
    const socket = createConnection({ host: '127.0.0.1', port: link.port })
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return { link, connect, socket: await connect() }
}

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** So many characters, in however many pieces they come: several may come at once. */
function read(socket: Socket, length: number): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const take = (chunk: Buffer) => {
      text += String(chunk)
      if (text.length < length) return
      socket.off('data', take)
      resolve(text)
    }
    socket.on('data', take)
  })
}

const numbers = (from: number) => Array.from({ length: 50 }, (_, i) => String(from + i)).join()

test('what passes a link that delays comes late, whole and in order', { timeout }, async (t) => {
  const { link, socket } = await echoing(t)
  link.trouble({ kind: 'delay', msMin: 20, msMax: 60 })
  const began = performance.now()
  let sent = ''
  for (let i = 0; i < 20; i++) {
    const part = numbers(i * 50)
    socket.write(part)
    sent += part
    // Apart, so that each is delayed by itself.
    await delay(1)
  }
  assert.equal(await read(socket, sent.length), sent)
  assert.ok(performance.now() - began >= 40)
})

test('what is sent while one way is cut arrives after it, be that way there or back', { timeout }, async (t) => {
  const { link, socket } = await echoing(t)
  for (const there of [true, false]) {
    link.trouble({ kind: 'cut', there, back: !there })
    let came = false
    socket.once('data', () => {
      came = true
    })
    socket.write(numbers(0))
    await delay(100)
    assert.equal(came, false)
    const back = read(socket, numbers(0).length)
    link.heal()
    assert.equal(await back, numbers(0))
  }
})

test('connections that lived through a cut are reset, or stay dead without a word; new ones pass', {
  timeout,
}, async (t) => {
  const { link, connect, socket } = await echoing(t)
  link.trouble({ kind: 'cut', there: true, back: true })
  const ended = [socket, await connect()].map(closed)
  link.heal('reset')
  await Promise.all(ended)

  const old = await connect()
  link.trouble({ kind: 'cut', there: true, back: true })
  link.heal('forget')
  old.write('old')
  old.once('data', () => assert.fail('a connection that was forgotten passes something'))
  const fresh = await connect()
  fresh.write('fresh')
  assert.equal(await read(fresh, 5), 'fresh')
  assert.equal(old.readyState, 'open')
})

test('a link that truncates breaks each connection within so many bytes, each part of what was sent', {
  timeout,
}, async (t) => {
  const { link, connect } = await echoing(t)
  link.trouble({ kind: 'truncate', bytesMax: 1_000 })
  for (let i = 0; i < 20; i++) {
    const socket = await connect()
    let came = ''
    socket.on('data', (chunk: Buffer) => {
      came += String(chunk)
    })
    const sent = numbers(0).repeat(20)
    socket.write(sent)
    await closed(socket)
    assert.ok(came.length <= 1_000 && sent.startsWith(came))
  }
})
