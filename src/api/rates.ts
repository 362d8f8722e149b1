import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { CodedError } from '../errors.ts'
import { findPrincipalOf } from './auth.ts'

/** Requests that one holder of a key may make in a minute. */
const callsPerKeyMax = 600
/** Requests without a key that one address may make in a minute: an office of readers shares one. */
const readsPerAddressMax = 1_200
const windowMs = 60_000
/** Addresses and keys that are counted at a time; the least recent go first. */
const countedMax = 20_000

/** Limits rates for the routes of its scope. Its hook comes after a route's own check of the key. Counts are by process. */
export async function limitRates(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    timeWindow: windowMs,
    cache: countedMax,
    keyGenerator: (request) => {
      const principal = findPrincipalOf(request)
      return principal === undefined ? `address ${rateLimit.normalizeIP(request.ip)}` : `key ${principal.id}`
    },
    max: (request) => (findPrincipalOf(request) === undefined ? readsPerAddressMax : callsPerKeyMax),
    // Answers are shared by caches: they carry no one reader's count.
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { max, ttl }) =>
      new CodedError('too-many-requests', `More than ${max} requests came in a minute.`, {
        retryAfterSeconds: Math.ceil(ttl / 1_000),
      }),
  })
}
