import type { FastifyReply, FastifyRequest } from 'fastify'
import { CodedError, invalid } from '../errors.ts'
import type { Encoded, IfVersion } from '../log/log.ts'

/** An entity tag without its quotes, and whether it is a weak one (RFC 9110, 8.8.3). */
interface Tag {
  readonly opaque: string
  readonly weak: boolean
}

const tagForm = /\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/y

/** Reads `*` or a list of entity tags; null where the header is neither. */
export function parseTags(header: string): '*' | readonly Tag[] | null {
  if (header.trim() === '*') return '*'
  const tags: Tag[] = []
  tagForm.lastIndex = 0
  while (tagForm.lastIndex < header.length) {
    const match = tagForm.exec(header)
    if (match === null) return null
    tags.push({ weak: match[1] !== undefined, opaque: match[2] ?? '' })
  }
  return tags.length === 0 ? null : tags
}

/** A version that no post has, for a condition that no version can meet. */
const noVersion = 0

/**
 * The version that an edit may replace (If-Match; RFC 9110, 13.1.1). Weak tags never match, nor does what is no version.
 * Of a list, the tag of the current version counts; `current` is asked only where there is a choice.
 */
export async function versionToMatch(header: string, current: () => Promise<number | undefined>): Promise<IfVersion> {
  const tags = parseTags(header)
  if (tags === null) {
    throw invalid([{ path: 'headers.if-match', message: 'must be * or ETags in double quotes, such as "3"' }])
  }
  if (tags === '*') return '*'
  const versions = tags.flatMap(({ opaque, weak }) =>
    !weak && /^[1-9][0-9]{0,8}$/.test(opaque) ? [Number(opaque)] : [],
  )
  if (versions.length <= 1) return versions[0] ?? noVersion
  const now = await current()
  return versions.find((version) => version === now) ?? versions[0] ?? noVersion
}

export function versionRequired(): CodedError {
  return new CodedError(
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
  if (hasAlready(request.headers['if-none-match'], answer.tag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(answer.json)
}

function hasAlready(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const tags = parseTags(header)
  // A header that can't be read is no condition: the answer in full is always right.
  return tags !== null && (tags === '*' || tags.some(({ opaque }) => opaque === tag))
}
