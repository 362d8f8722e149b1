import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { makeLogger } from '../src/logger.ts'
import { startRedis } from './deploy/cluster.ts'
import { adminKey } from './helpers/server.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly more?: number
  readonly code?: string
  readonly url?: string
}

/** A log whose lines can be read and waited for. No period passes unless one is given. */
function openLog(countEveryMs = 2 ** 30) {
  const lines: Line[] = []
  const written = new EventEmitter()
  const stream = {
    write: (text: string) => {
      lines.push(JSON.parse(text))
      written.emit('line')
    },
  }
  return { ...makeLogger({ level: 'trace', base: {}, stream, countEveryMs }), lines, written }
}

/** Lines of a kind that were logged in full, and those that were counted. */
function told(lines: readonly Line[], said: string): number {
  return lines.reduce((sum, { msg, more }) => sum + (msg === said ? 1 : msg.endsWith(`: ${said}`) ? (more ?? 0) : 0), 0)
}

test('the first line of a kind is logged in full, and those like it are counted', () => {
  const { logger, countRepeated, lines } = openLog()
  for (let i = 0; i < 700; i++) logger.warn({ code: 'unavailable', reqId: i }, 'a request was put off')
  logger.child({ reqId: 1 }).warn({ code: 'overloaded' }, 'a request was put off')
  assert.deepEqual(
    lines.map(({ msg, code }) => [msg, code]),
    [
      ['a request was put off', 'unavailable'],
      ['a request was put off', 'overloaded'],
    ],
  )
  countRepeated()
  assert.match(lines[2]?.msg ?? '', /^and 699 more like it in the last \d+ s: a request was put off$/)
  assert.equal(lines[2]?.level, 40)
  countRepeated()
  assert.equal(lines.length, 3)
})

test('a count is told each period while there is something to count, and then the next line is logged in full', async () => {
  const { logger, lines, written } = openLog(20)
  logger.error('it happened')
  logger.error('it happened')
  await once(written, 'line')
  assert.equal(lines[1]?.more, 1)
  // Timers of one length end in the order in which they began: before the second count comes, a period has passed for the
  // first kind, too.
  logger.error('something else')
  logger.error('something else')
  while (lines.at(-1)?.more === undefined || !lines.at(-1)?.msg.endsWith('something else')) await once(written, 'line')
  logger.error('it happened')
  assert.equal(lines.at(-1)?.msg, 'it happened')
})

test('what an operator has to tell apart is logged apart: workers, processes, and faults by their place in the code', () => {
  const { logger, lines } = openLog()
  for (const worker of [0, 1]) logger.error({ worker }, 'a worker ended; starting it again')
  for (const pid of [10, 11]) logger.info({ worker: 0, pid }, 'a worker listens')
  for (const said of ['one', 'the other']) logger.error({ err: new TypeError(said) }, 'a request failed')
  assert.equal(lines.length, 5, 'both faults were made at one place')
  logger.error({ err: new TypeError('elsewhere') }, 'a request failed')
  assert.equal(lines.length, 6)
  for (let i = 0; i < 3; i++) logger.debug('what was asked for')
  assert.equal(lines.length, 9)
})

test('no line goes uncounted, and there is a bound to how many kinds are told apart', () => {
  const aLine = fc.record({ level: fc.constantFrom('info', 'warn', 'error'), kind: fc.nat(400) })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(aLine, fc.constant('count' as const)), { maxLength: 1_000, size: 'max' }),
      (steps) => {
        const { logger, countRepeated, lines } = openLog()
        let logged = 0
        let counts = 1
        for (const step of steps) {
          if (step === 'count') {
            countRepeated()
            counts++
          } else {
            logger[step.level as 'info' | 'warn' | 'error']({ kind: step.kind }, `kind ${step.kind}`)
            logged++
          }
        }
        countRepeated()
        const sum = lines.reduce((all, { more }) => all + (more ?? 1), 0)
        assert.equal(sum, logged)
        assert.ok(lines.length <= counts * 2 * 201)
      },
    ),
    { numRuns: 50 },
  )
})

/** A server as a process, with its log, on a Redis that can be stopped. */
async function startLogged(t: TestContext) {
  const redisUrl = await startRedis(t)
  const redis = new Redis({ path: new URL(redisUrl).pathname })
  const redisPid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1])
  redis.disconnect()
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ADMIN_KEY: adminKey, REDIS_URL: redisUrl, RATE_LIMIT: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: Line[] = []
  const url = await new Promise<string>((listening, ended) => {
    const log = createInterface(child.stdout)
    log.on('line', (text) => {
      const line: Line = JSON.parse(text)
      lines.push(line)
      if (line.msg === 'listening') listening(line.url ?? '')
    })
    log.once('close', () => ended(new Error('it ended before it listened')))
  })
  return {
    url,
    lines,
    stopRedis: () => process.kill(redisPid, 'SIGSTOP'),
    continueRedis: () => process.kill(redisPid, 'SIGCONT'),
    /** Ends it gracefully. Resolves once all of its log has come. */
    end: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    },
  }
}

const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }

async function sendMalformed(url: string): Promise<void> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end('GET / HTTP/1.1\r\nno colon here\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
}

test('700 bad requests of three kinds are a handful of lines, whose counts add up when the process ends', async (t) => {
  const { url, lines, stopRedis, continueRedis, end } = await startLogged(t)
  const before = lines.length
  const send = (body: string) => fetch(`${url}/v1/channels`, { method: 'POST', headers, body })
  const statuses = new Map<number, number>()
  const answered = async (request: Promise<Response>) => {
    const answer = await request
    await answer.body?.cancel()
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
  }
  for (let i = 0; i < 200; i++) await sendMalformed(url)
  await Promise.all(Array.from({ length: 200 }, () => answered(send('{'))))
  stopRedis()
  try {
    await Promise.all(Array.from({ length: 300 }, (_, i) => answered(send(`{"id":"c${i}","title":"C"}`))))
  } finally {
    continueRedis()
  }
  await end()
  assert.deepEqual(Object.fromEntries(statuses), { 400: 200, 503: 300 })
  const since = lines.slice(before)
  assert.equal(told(since, 'a request was put off'), 300)
  assert.ok(since.length < 20, `${since.length} lines: ${since.map(({ msg }) => msg).join('\n')}`)
})
