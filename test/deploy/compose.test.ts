import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { findFaults } from '../../scripts/checks/compose.ts'
import { readConfig } from '../../src/config.ts'
import { proxyConfig, proxyProgram, startCommand } from './cluster.ts'

const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      environment: z.record(z.string(), z.string()).default({}),
      healthcheck: z.object({ test: z.array(z.string()) }),
      depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })).default({}),
      restart: z.string(),
    }),
  ),
})

const text = await readFile('docker-compose.yml', 'utf8')
const { services } = Compose.parse(parse(text, { merge: true }))
const dockerfile = await readFile('Dockerfile', 'utf8')

/** The last instruction of that name in the Dockerfile, where it is an array in JSON. */
function instruction(pattern: RegExp): string[] {
  const found = [...dockerfile.matchAll(pattern)].at(-1)?.[1]
  assert.ok(found, `${pattern} is not in the Dockerfile`)
  return z.array(z.string()).parse(JSON.parse(found))
}

test('the compose file fits the schema of the Compose specification', () => {
  assert.deepEqual(findFaults(text), [])
})

test('a compose file with a misspelt key, a wrong type or broken YAML is refused', () => {
  assert.match(findFaults(text.replace('stop_grace_period', 'stop_grace_time')).join('\n'), /stop_grace_time/)
  assert.match(findFaults(text.replace('retries: 3', 'retries: [3]')).join('\n'), /retries must be/)
  assert.notDeepEqual(findFaults(text.replace('services:', 'services: {')), [])
})

test('each service of the compose file is checked for health, and comes back', () => {
  assert.deepEqual(Object.keys(services).sort(), ['proxy', 'redis', 'wirecopy-1', 'wirecopy-2'])
  for (const [name, { healthcheck, restart }] of Object.entries(services)) {
    assert.match(healthcheck.test[0] ?? '', /^CMD$/, name)
    assert.equal(restart, 'unless-stopped', name)
  }
})

test('each node is named as the service and as its server in the proxy, and its settings are valid', async () => {
  const proxy = await readFile(proxyConfig, 'utf8')
  for (const name of ['wirecopy-1', 'wirecopy-2']) {
    const environment = services[name]?.environment ?? {}
    const adminKey = environment['ADMIN_KEY'] ?? ''
    assert.match(adminKey, /^\$\{ADMIN_KEY:\?.+\}$/, 'a start without ADMIN_KEY must fail')
    const PUBLIC_URL = environment['PUBLIC_URL']?.replace(/^\$\{PUBLIC_URL:-(.+)\}$/, '$1')
    const config = readConfig({ ...environment, PUBLIC_URL, ADMIN_KEY: 'a-key-of-some-length' })
    assert.equal(config.NODE_NAME, name)
    assert.equal(config.TRUST_PROXY, 1)
    assert.notEqual(config.METRICS_PORT, undefined, 'the proxy can not show what another port serves')
    assert.match(proxy, new RegExp(`use-server ${name} if \\{ url_param\\(sid\\) -m beg ${name}\\. \\}`))
  }
})

test('every variable that the proxy reads is set in the compose file', async () => {
  const proxy = await readFile(proxyConfig, 'utf8')
  const named = new Set([...proxy.matchAll(/\$\{?(\w+)\}?/g)].map((match) => match[1] ?? ''))
  assert.deepEqual([...named].sort(), Object.keys(services['proxy']?.environment ?? {}).sort())
})

test('HAProxy finds no fault in its configuration', { skip: proxyProgram === undefined && 'needs HAProxy' }, () => {
  const env = { BIND: '127.0.0.1:8080', NODE1: '127.0.0.1:3001', NODE2: '127.0.0.1:3002' }
  const { status, stdout, stderr } = spawnSync(proxyProgram ?? '', ['-c', '-f', proxyConfig], { env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.doesNotMatch(stdout + stderr, /WARNING|ALERT/)
})

test('the image starts the server by the command that the tests use, as a user without rights', () => {
  assert.deepEqual(instruction(/^CMD (\[.*\])$/gm), startCommand)
  assert.match(dockerfile, /^USER node$/m)
})

test('the image and the compose file check for health in the same way', () => {
  const [, ...compose] = services['wirecopy-1']?.healthcheck.test ?? []
  assert.deepEqual(instruction(/^ {2}CMD (\[.*\])$/gm), compose)
})
