import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import test from 'node:test'
import { readConfig, settings } from '../src/config.ts'

test('an empty environment gives the defaults that the contract names', () => {
  const config = readConfig({})
  assert.deepEqual([config.PORT, config.WORKERS, config.LOG_LEVEL, config.RATE_LIMIT], [3000, 1, 'info', true])
  assert.deepEqual([config.REDIS_URL, config.ADMIN_KEY, config.PUBLIC_URL], [undefined, undefined, undefined])
})

test('a variable that is set to nothing counts as unset', () => {
  assert.equal(readConfig({ PORT: '', REDIS_URL: '' }).PORT, 3000)
})

const workersSays = /WORKERS: must be auto, or a number from 1 to 64$/
const bad: [name: string, value: string, says: RegExp][] = [
  ['PORT', 'http', /PORT: /],
  ['PORT', '70000', /PORT: /],
  ['PUBLIC_URL', 'news.example', /PUBLIC_URL: must be an absolute http or https URL/],
  ['REDIS_URL', 'http://localhost', /REDIS_URL: must be redis:\/\//],
  ['ADMIN_KEY', 'short', /ADMIN_KEY: must have 16 characters or more/],
  ['CORS_ORIGINS', 'news.example', /CORS_ORIGINS: must be \* or origins/],
  ...['0', '65', '1.5', 'many', '-2'].map((value) => ['WORKERS', value, workersSays] as [string, string, RegExp]),
  ['LOG_LEVEL', 'loud', /LOG_LEVEL: /],
  ['RATE_LIMIT', 'no', /RATE_LIMIT: /],
  ['FAN_OUT', 'io_uring', /FAN_OUT: /],
  ['WEBSOCKET_COMPRESSION', 'no', /WEBSOCKET_COMPRESSION: /],
  ['NODE_NAME', 'Node 1', /NODE_NAME: /],
  ['TRUST_PROXY', 'on', /TRUST_PROXY: must say which proxies: their number, such as 1 .*, or their networks/],
  ...[
    '0',
    '17',
    '-1',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0.0/255.0.255.0',
    '10.0.0.0/8,',
    'proxy',
    '1, loopback',
    'fe80::1%eth0',
  ].map((value) => ['TRUST_PROXY', value, /TRUST_PROXY: must be off, /] as [string, string, RegExp]),
  ['KEEP_ALIVE_MS', '0', /KEEP_ALIVE_MS: /],
  ['KEEP_ALIVE_MS', '3600001', /KEEP_ALIVE_MS: /],
  ['METRICS_PORT', '0', /METRICS_PORT: /],
  ['METRICS_PORT', '3000', /METRICS_PORT: must be another port than PORT/],
]
for (const [name, value, says] of bad) {
  test(`${name}=${value} is refused in one line that names it`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: Error) => says.test(error.message) && !error.message.includes('\n'),
    )
  })
}

test('proxies are given by their number, or by their networks', () => {
  assert.equal(readConfig({}).TRUST_PROXY, 'off')
  assert.equal(readConfig({ TRUST_PROXY: '2' }).TRUST_PROXY, 2)
  assert.deepEqual(readConfig({ TRUST_PROXY: 'loopback, fd00::/8' }).TRUST_PROXY, ['loopback', 'fd00::/8'])
})

test('WORKERS=auto is a process for each core', () => {
  assert.equal(readConfig({ WORKERS: 'auto' }).WORKERS, Math.min(64, availableParallelism()))
  assert.equal(readConfig({ WORKERS: '4' }).WORKERS, 4)
})

test('origins are given as a list, and * as itself', () => {
  assert.equal(readConfig({}).CORS_ORIGINS, '*')
  assert.deepEqual(readConfig({ CORS_ORIGINS: 'https://a.example, https://b.example' }).CORS_ORIGINS, [
    'https://a.example',
    'https://b.example',
  ])
})

test('every setting says what it is for', () => {
  for (const [name, setting] of Object.entries(settings.shape)) assert.ok(setting.description, name)
})
