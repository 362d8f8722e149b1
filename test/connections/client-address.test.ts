import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { clientAddresses } from '../../src/connections/client-address.ts'
import { addressGroup } from '../../src/connections/ip.ts'
import { readTrustProxy, type TrustProxy } from '../../src/connections/trust-proxy.ts'

const proxy = '10.0.0.1'

function addressOf(
  trust: TrustProxy,
  forwarded: string | undefined,
  remoteAddress: string | undefined = proxy,
): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return clientAddresses(trust)({ headers, socket: { remoteAddress } })
}

test('without a trusted proxy, what is forwarded does not count', () => {
  assert.equal(addressOf('off', '203.0.113.7'), proxy)
})

test('behind one proxy the last entry counts, whatever the client put before it', () => {
  assert.equal(addressOf(1, '203.0.113.7'), '203.0.113.7')
  assert.equal(addressOf(1, '198.51.100.1, 198.51.100.2,203.0.113.7'), '203.0.113.7')
})

test('behind two proxies the last but one counts, or the only one', () => {
  assert.equal(addressOf(2, '198.51.100.1, 203.0.113.7, 192.0.2.9'), '203.0.113.7')
  assert.equal(addressOf(2, '203.0.113.7'), '203.0.113.7')
})

test('behind proxies in networks the last entry that is in none of them counts', () => {
  const trust = readTrustProxy('uniquelocal, 192.0.2.0/24')
  assert.equal(addressOf(trust, '198.51.100.1, 203.0.113.7, 192.0.2.9, 10.9.9.9'), '203.0.113.7')
  assert.equal(addressOf(trust, '198.51.100.1', '203.0.113.7'), '203.0.113.7', 'it came past the proxies')
  assert.equal(addressOf(trust, '192.0.2.1, 192.0.2.2'), '192.0.2.1', 'all are proxies')
  assert.equal(addressOf(trust, undefined), proxy)
})

test('networks can be written in each of the ways of proxy-addr', () => {
  for (const network of ['10.0.0.0/8', '10.0.0.0/255.0.0.0', '10.0.0.1', 'uniquelocal', '::ffff:10.0.0.0/104']) {
    const trust = readTrustProxy(network)
    assert.equal(addressOf(trust, '203.0.113.7', '10.0.0.1'), '203.0.113.7', network)
    assert.equal(addressOf(trust, '203.0.113.7', '::ffff:10.0.0.1'), '203.0.113.7', network)
    assert.equal(addressOf(trust, '203.0.113.7', '192.0.2.1'), '192.0.2.1', network)
  }
  assert.equal(addressOf(readTrustProxy('loopback'), '203.0.113.7', '::1'), '203.0.113.7')
  assert.equal(addressOf(readTrustProxy('fd00::/8'), '203.0.113.7', 'fd12::1'), '203.0.113.7')
})

test('an address counts without the port that some proxies write behind it', () => {
  assert.equal(addressOf(1, '198.51.100.1, 203.0.113.7:8080'), '203.0.113.7')
  assert.equal(addressOf(1, '[2001:db8:0:1::5]:443'), '2001:db8:0:1::/64')
  assert.equal(addressOf(1, '[2001:db8:0:1::5]'), '2001:db8:0:1::/64')
  assert.equal(addressOf(1, '2001:db8:0:1::5'), '2001:db8:0:1::/64')
  assert.equal(addressOf(readTrustProxy('10.0.0.0/8'), '203.0.113.7:1, 10.1.1.1:80'), '203.0.113.7')
})

test('what is no IP address counts as absent, so that the address of the socket counts', () => {
  for (const forwarded of [
    '',
    ' ',
    ',',
    'unknown',
    '203.0.113.7:',
    '203.0.113.7:port',
    '203.0.113.7:123456',
    '[203.0.113.7',
    '[2001:db8::1]8080',
    '[]',
    '203.0.113.256',
    'x'.repeat(12_000),
    '_hidden',
  ]) {
    assert.equal(addressOf(1, forwarded), proxy, forwarded)
    assert.equal(addressOf(1, `198.51.100.1, ${forwarded}`), proxy, forwarded)
    assert.equal(addressOf(readTrustProxy('10.0.0.0/8'), forwarded), proxy, forwarded)
  }
})

test('a client that has left already is counted with all others of which no address is known', () => {
  const gone = { headers: {}, socket: { remoteAddress: undefined } }
  assert.equal(clientAddresses('off')(gone), 'unknown')
})

test('an IPv6 address counts by its first 64 bits, one that stands for an IPv4 address as that', () => {
  assert.equal(addressGroup('2001:DB8:0:1:2:3:4:5'), '2001:db8:0:1::/64')
  assert.equal(addressGroup('2001:db8:0:1::'), '2001:db8:0:1::/64')
  assert.equal(addressGroup('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(addressGroup('::1'), '0:0:0:0::/64')
  assert.equal(addressGroup('::192.0.2.1'), '0:0:0:0::/64')
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(addressGroup('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(addressGroup('0:0:0:0:0:FFFF:c000:0201'), '192.0.2.1')
})

const entry = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 50 }), fc.constant('fe80::1%'.padEnd(500, 'z')))
const trusts = fc.constantFrom<TrustProxy>('off', 1, 2, 16, ['loopback'], ['0.0.0.0/1', '2000::/3'])

test('an address is always short, and that of the socket or of an entry that is an IP address', () => {
  fc.assert(
    fc.property(
      trusts,
      fc.array(entry, { maxLength: 30 }),
      fc.oneof(fc.ipV4(), fc.ipV6()),
      (trust, entries, socket) => {
        const address = addressOf(trust, entries.join(','), socket)
        assert.ok(address.length <= 43)
        const possible = entries
          .join(',')
          .split(',')
          .map((one) => one.trim())
          .filter((one) => isIP(one) !== 0)
        assert.ok([socket, ...possible].map(addressGroup).includes(address))
      },
    ),
  )
})

test('with so many proxies, a client can change its address by nothing that it sends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(entry, { maxLength: 10 }), (hops, sent) => {
      const written = Array.from({ length: hops }, (_, i) => `203.0.113.${i}`)
      assert.equal(addressOf(hops, [...sent, ...written].join(', ')), '203.0.113.0')
    }),
  )
})
