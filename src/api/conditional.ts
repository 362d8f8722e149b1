import type { FastifyReply, FastifyRequest } from 'fastify'
import { CodedError, invalid } from '../errors.ts'
import type { Encoded, IfVersion } from '../log/log.ts'
import { noVersion } from '../log/write.ts'
import { namesTag, parseTags, withoutCoding } from '../wire/entity-tag.ts'

const versionForm = /^[1-9][0-9]{0,8}$/

/**
 * The version that an edit may replace (If-Match; RFC 9110, 13.1.1). Proxies that compress make a tag weak, or put the
 * coding behind it: a tag counts in these forms as well, since a version is the same whatever carries it. Of a list, the
 * tag of the current version counts; `current` is asked only if there is a choice. What is not a version never matches.
 */
export async function versionToMatch(header: string, current: () => Promise<number | undefined>): Promise<IfVersion> {
  const tags = parseTags(header)
  if (tags === null) {
    throw invalid([{ path: 'headers.if-match', message: 'must be * or ETags in double quotes, such as "3"' }])
  }
  if (tags === '*') return '*'
  const versions = tags
    .map(({ opaque }) => withoutCoding(opaque))
    .filter((opaque) => versionForm.test(opaque))
    .map(Number)
  if (versions.length <= 1) return versions[0] ?? noVersion
  const now = await current()
  return versions.find((version) => version === now) ?? versions[0] ?? noVersion
}

/** A hook before validation, which would take a missing header for one in a wrong form (RFC 6585, 3). */
export async function requireVersion({ headers }: FastifyRequest): Promise<void> {
  if (headers['if-match'] !== undefined) return
  throw new CodedError(
    'version-required',
    'Send If-Match with the ETag of the version that you edit, such as If-Match: "3", or * to overwrite any.',
  )
}

/**
 * For all that readers get. Shared caches may hold an answer for one second, so that a crowd behind a CDN is one
 * request to us, and must then ask again (s-maxage also forbids them to serve it stale; RFC 9111, 5.2.2.10); browsers
 * ask each time. So no cache has a retracted text for longer than that second. Nothing may serve it while we are away.
 */
const sharedForASecond = 'public, max-age=0, s-maxage=1, must-revalidate'

/**
 * Sends bytes as the log encoded them, with their age where the store is away and they are what was last known, or 304 where the
 * client has them (If-None-Match; RFC 9110, 13.1.2).
 */
export function sendFresh(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Pick<Encoded<unknown>, 'json' | 'staleMs'> & { readonly tag: string },
): FastifyReply {
  reply.header('ETag', `"${answer.tag}"`)
  if (answer.staleMs === undefined) reply.header('Cache-Control', sharedForASecond)
  else reply.header('Cache-Control', 'no-store').header('Wirecopy-Stale-Ms', answer.staleMs)
  const { 'if-none-match': known } = request.headers
  if (known !== undefined && namesTag(known, answer.tag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(answer.json)
}
