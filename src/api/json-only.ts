import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { CodedError } from '../errors.ts'
import { limits } from '../wire/limits.ts'

/** What a PATCH may be called: an edit is a merge patch (RFC 7396), and JSON. */
export const patchTypes = ['application/merge-patch+json', 'application/json'] as const

/** Bodies are JSON in UTF-8, not compressed; of all else the client is told what it should send. */
export function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  const options = { parseAs: 'buffer', bodyLimit: limits.requestBytesMax } as const
  app.addContentTypeParser<Buffer>([...patchTypes], options, (request, body, done) => {
    // Many clients send the header with each request. Where a body is needed, the schema says that there is none.
    if (body.length === 0) return done(null)
    const refused = refusalOf(request, body)
    if (refused !== null) return done(refused)
    // The parser leaves out a byte order mark, as RFC 8259 allows.
    void parse(request, body.toString('utf8'), done)
  })
}

function refusalOf(request: FastifyRequest, body: Buffer): CodedError | null {
  if (isEncoded(request)) {
    return new CodedError(
      'unsupported-media-type',
      'Send the body as it is, without a Content-Encoding: compressed bodies are not taken.',
    )
  }
  const type = request.headers['content-type'] ?? ''
  if (request.method !== 'PATCH' && /^\s*application\/merge-patch\+json/i.test(type)) {
    return new CodedError(
      'unsupported-media-type',
      'Send the body with the header Content-Type: application/json. Only a PATCH may be a merge patch.',
    )
  }
  if (isUtf8(body)) return null
  return new CodedError('bad-json', 'The body is not UTF-8. Send it as JSON in UTF-8, and not compressed.')
}

/** Whether the client says that the body is compressed or otherwise encoded. */
export function isEncoded(request: FastifyRequest): boolean {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? ''
  return coding !== '' && coding !== 'identity'
}
