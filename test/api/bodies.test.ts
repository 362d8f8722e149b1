import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { Bodies } from '../../src/api/bodies.ts'
import { Keys } from '../../src/api/keys.ts'
import { CodedError } from '../../src/errors.ts'
import { connectForCommands } from '../../src/log/connection.ts'
import { findEmbeddedRedis } from '../../src/log/embedded.ts'
import { apiKeys } from '../../src/log/keys.ts'
import { limits } from '../../src/wire/limits.ts'
import { followFresh } from '../helpers/followers.ts'
import { Newsroom } from '../helpers/newsroom.ts'
import { positionOf } from '../helpers/plain-fold.ts'
import { startServer, tempFolder } from '../helpers/server.ts'

const logger = pino({ level: 'silent' })
const timeout = 120_000
const hostile = { markdown: 'a**b'.repeat(16_000) }
/** So long that it goes to the thread. */
const long = (text: string) => ({ text: `${text}${'\n'.repeat(8_000)}` })
const longMarkdown = { markdown: `About **x**.${'\n'.repeat(8_000)}` }

test('while many hostile bodies are rendered, others are answered and followers get their posts', {
  timeout,
}, async (t) => {
  const folder = await tempFolder()
  const server = await startServer(t, { DATA_DIR: folder })
  const newsroom = await new Newsroom(server).open()
  const follower = await followFresh(t, server, newsroom.channel, 'websocket only')
  const secret = await keyFor(t, folder, newsroom.channel)

  let underWay = 0
  const writers = Array.from({ length: 10 }, async () => {
    underWay++
    await newsroom.publish({ body: hostile })
    underWay--
  })
  const { cursor } = await newsroom.publish({ body: longMarkdown }, { authorization: `Bearer ${secret}` })
  await follower.reach(cursor)
  assert.equal((await fetch(`${server.url}/health/live`)).status, 200)
  assert.ok(underWay > 0, 'the others are still being rendered')
  await Promise.all(writers)
  assert.ok(positionOf(cursor).offset <= writers.length)
})

test('a body that waits long for the processor is rendered: what counts is the time that it has used', async (t) => {
  const bodies = await failingBodies(t, 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)')
  assert.deepEqual(await bodies.render(longMarkdown, 'a'), {
    html: '<p>About <strong>x</strong>.</p>',
    text: 'About x.',
  })
  assert.equal(bodies.putOff, 0)
})

test('a short body does not wait for those that take long', async (t) => {
  const bodies = await failingBodies(t, `while (input.text[0] === 'e');`)
  const endless = assert.rejects(bodies.render(long('endless'), 'a'), isOverloaded)
  assert.deepEqual(await bodies.render({ text: 'short' }, 'a'), { html: '<p>short</p>', text: 'short' })
  assert.equal(bodies.putOff, 0)
  await endless
})

test('a body that takes more than its processor time is answered 503, and the next one is rendered', {
  timeout,
}, async (t) => {
  const bodies = await failingBodies(t, `while (input.text[0] === 'e');`)
  const endless = bodies.render(long('endless'), 'a')
  const next = bodies.render(long('next'), 'a')
  await assert.rejects(endless, isOverloaded)
  assert.deepEqual(await next, { html: '<p>next</p>', text: 'next' })
  assert.equal(bodies.putOff, 1)
})

test('what waits is bounded for each key, and the other keys still have room', async (t) => {
  const bodies = await failingBodies(t, `while (input.text[0] === 'e');`)
  const endless = assert.rejects(bodies.render(long('endless'), 'a'), isOverloaded)
  const large = { text: 'x'.repeat(limits.bodyCharsMax) }
  const waiting = Array.from({ length: 32 }, () => bodies.render(large, 'a'))
  await assert.rejects(bodies.render(large, 'a'), isOverloaded)
  const order: string[] = []
  const other = bodies.render(long('other'), 'b').then(() => order.push('b'))
  await Promise.all([endless, other, ...waiting.map((body) => body.then(() => order.push('a')))])
  assert.ok(order.indexOf('b') <= 1, order.join(''))
})

test('a fault in the rendering of one body is its own', async (t) => {
  const bodies = await failingBodies(t, `if (input.text.startsWith('fault')) input = { text: null }`)
  const fault = bodies.render(long('fault'), 'a')
  const next = bodies.render(long('next'), 'a')
  await assert.rejects(fault, /could not be rendered/)
  assert.equal((await next).text, 'next')
})

test('while the thread can not be started, bodies are answered 503 and nothing waits', async (t) => {
  const folder = await tempFolder()
  const program = join(folder, 'ends.mjs')
  await writeFile(program, 'process.exit(1)')
  const bodies = new Bodies({ logger, program: pathToFileURL(program) })
  t.after(() => bodies.close())
  await assert.rejects(bodies.render(long('a'), 'a'), isOverloaded)
})

test('what waits when it is closed is answered 503', async (t) => {
  const bodies = await failingBodies(t, `while (input.text[0] === 'e');`)
  const refused = ['endless', 'a'].map((text) => assert.rejects(bodies.render(long(text), 'a'), isOverloaded))
  await bodies.close()
  await Promise.all(refused)
  await assert.rejects(bodies.render(long('a'), 'a'), isOverloaded)
})

function isOverloaded(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'overloaded' && error.retryAfterSeconds !== undefined
}

/** Renders as ever, by a thread that first does something else with the input. */
async function failingBodies(t: TestContext, first: string): Promise<Bodies> {
  const program = join(await tempFolder(), 'thread.mjs')
  const real = new URL('../../src/api/body-thread.ts', import.meta.url).href
  await writeFile(
    program,
    `import { parentPort } from 'node:worker_threads'
    const on = parentPort.on.bind(parentPort)
    parentPort.on = (name, listener) => on(name, (input) => { ${first}; listener(input) })
    await import(${JSON.stringify(real)})`,
  )
  const bodies = new Bodies({ logger, program: pathToFileURL(program), cpuMsMax: 50 })
  t.after(() => bodies.close())
  return bodies
}

async function keyFor(t: TestContext, folder: string, channel: string): Promise<string> {
  const url = await findEmbeddedRedis(folder)
  assert.ok(url !== null)
  const redis = connectForCommands(url, 'test', logger)
  await redis.connect()
  t.after(() => redis.disconnect())
  const { secret } = await new Keys(redis, apiKeys('wirecopy')).make({
    name: 'desk',
    scopes: ['posts:write'],
    channels: [channel],
  })
  return secret
}
