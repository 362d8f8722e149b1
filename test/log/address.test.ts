import assert from 'node:assert/strict'
import test from 'node:test'
import { parseAddress, withoutPassword } from '../../src/log/address.ts'

test('one server is named by host, port and database, or by the path of its socket', () => {
  assert.deepEqual(parseAddress('redis://redis'), {
    kind: 'server',
    options: { host: 'redis', port: 6379, db: 0 },
  })
  assert.deepEqual(parseAddress('rediss://user:p%40ss@10.0.0.1:6400/3'), {
    kind: 'server',
    options: {
      username: 'user',
      password: 'p@ss',
      tls: { servername: '10.0.0.1' },
      host: '10.0.0.1',
      port: 6400,
      db: 3,
    },
  })
  assert.deepEqual(parseAddress('redis://[::1]:6400'), { kind: 'server', options: { host: '::1', port: 6400, db: 0 } })
  assert.deepEqual(parseAddress('unix:///run/a%20folder/redis.sock?db=2'), {
    kind: 'server',
    options: { path: '/run/a folder/redis.sock', db: 2 },
  })
})

test('Sentinels are listed, with the name by which they know the primary', () => {
  assert.deepEqual(parseAddress('redis+sentinel://:secret@a,b:5000/news/1?sentinel_password=other'), {
    kind: 'sentinel',
    options: {
      password: 'secret',
      sentinelPassword: 'other',
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 5_000 },
      ],
      name: 'news',
      db: 1,
    },
  })
})

test('nodes of a Cluster are listed', () => {
  assert.deepEqual(parseAddress('redis+cluster://a:7000,b'), {
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 7_000 },
      { host: 'b', port: 6_379 },
    ],
    options: {},
  })
})

const wrong: [url: string, says: RegExp][] = [
  ['http://redis', /REDIS_URL must be redis:/],
  ['redis://a,b', /REDIS_URL must be redis:/],
  ['redis://host:port', /REDIS_URL must be redis:/],
  ['redis://host/first', /the database must be a number/],
  ['redis+sentinel://a,b', /the name by which they know the primary/],
  ['redis+cluster://a/1', /a Cluster has no database numbers/],
]
for (const [url, says] of wrong) {
  test(`${url} is refused`, () => {
    assert.throws(() => parseAddress(url), says)
  })
}

test('a password may have colons', () => {
  const options = (url: string) => parseAddress(url).options
  assert.deepEqual(
    ['redis://user:a:b:c@host', 'redis://:a:b@host', 'redis://user@host', 'redis://u%3As:%40@host'].map((url) => [
      options(url).username,
      options(url).password,
    ]),
    [
      ['user', 'a:b:c'],
      [undefined, 'a:b'],
      ['user', undefined],
      ['u:s', '@'],
    ],
  )
})

test('a password is not in what is logged', () => {
  for (const url of [
    'redis://:secret@a/1',
    'redis://user:secret:secret@a/1',
    'redis+sentinel://user:secret@a,b/news?sentinel_password=secret&x=1',
  ]) {
    assert.doesNotMatch(withoutPassword(url), /secret/)
  }
})
