import assert from 'node:assert/strict'
import test from 'node:test'
import { pino } from 'pino'
import { readConfig } from '../src/config.ts'
import { makeApp } from '../src/http.ts'

test('a start takes the time that it takes: a busy machine does not keep the server from starting', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const app = makeApp(readConfig({}), pino({ level: 'silent' }))
  const { promise, resolve } = Promise.withResolvers<void>()
  app.register(async () => {
    t.mock.timers.tick(600_000)
    await promise
  })
  const ready = app.ready()
  setImmediate(() => {
    t.mock.timers.tick(600_000)
    resolve()
  })
  await assert.doesNotReject(async () => await ready)
  await app.close()
})
