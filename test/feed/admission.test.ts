import assert from 'node:assert/strict'
import test from 'node:test'
import { readConfig } from '../../src/config.ts'
import { CodedError } from '../../src/errors.ts'
import { Admission } from '../../src/feed/admission.ts'

const from = (remoteAddress: string) => ({ headers: {}, socket: { remoteAddress } })

/** The code with which one who asks is refused; null if not. */
function refusal(admission: Admission, address: string): string | null {
  try {
    admission.requireRoom(from(address))
    return null
  } catch (error) {
    assert.ok(error instanceof CodedError && Number(error.retryAfterSeconds) > 0)
    return error.code
  }
}

test('all readers of an office can come back at once, twice; one address that goes on and on is told to wait', () => {
  const admission = new Admission(readConfig({ CONNECTIONS_MAX: '100000' }))
  const office = '203.0.113.7'
  const comeAndGo = () => {
    for (let i = 0; i < 1_000; i++) {
      assert.equal(refusal(admission, office), null)
      admission.enter(office)
    }
    for (let i = 0; i < 1_000; i++) admission.leave(office)
  }
  comeAndGo()
  comeAndGo()
  comeAndGo()
  assert.equal(refusal(admission, office), 'too-many-requests')
  assert.equal(refusal(admission, '203.0.113.8'), null)
  assert.equal(admission.refused.get('rate'), 1)
})

test('with RATE_LIMIT=off sessions have no rate', () => {
  const admission = new Admission(
    readConfig({ CONNECTIONS_MAX: '10', RATE_LIMIT: 'off', CONNECTIONS_PER_ADDRESS_MAX: '1' }),
  )
  for (let i = 0; i < 10; i++) assert.equal(refusal(admission, '203.0.113.7'), null)
})

test('readers of one IPv6 network of 64 bits, and those who come by IPv4 in either form, count together', () => {
  const admission = new Admission(readConfig({ CONNECTIONS_PER_ADDRESS_MAX: '1' }))
  admission.enter(admission.addressOf(from('2001:db8::1')))
  assert.equal(refusal(admission, '2001:db8::2'), 'too-many-connections')
  assert.equal(refusal(admission, '2001:db8:0:1::1'), null)
  admission.enter(admission.addressOf(from('::ffff:203.0.113.7')))
  assert.equal(refusal(admission, '203.0.113.7'), 'too-many-connections')
})
