import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { CodedError, type ErrorCode } from '../errors.ts'
import { limits } from '../wire/limits.ts'
import { AllowedMethods } from './allowed-methods.ts'
import { isEncoded, patchTypes } from './json-only.ts'

/** How long a client should wait before it asks an overloaded server again. */
const overloadedRetrySeconds = 5

/** What Fastify and its plugins refuse on their own, in our words. */
const refusals: Readonly<Record<string, readonly [code: ErrorCode, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', `A body may have up to ${limits.requestBytesMax} bytes.`],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'Send the body as JSON, with the header Content-Type: application/json. A PATCH may also be application/merge-patch+json.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad-json', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad-json', 'The body is empty, and an empty body is not JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The body is not as long as its Content-Length says.'],
  FST_ERR_BAD_URL: ['bad-request', 'The path is not a valid URL path.'],
}

/**
 * Every error as `application/problem+json` (RFC 9457), the unknown address and the unforeseen fault too. Registered at
 * the root before any route, since it notes the routes to tell 405 from 404.
 */
export const problems = fastifyPlugin(async (app: FastifyInstance) => {
  const allowed = new AllowedMethods()
  app.addHook('onRoute', (route) => allowed.note(route.method, route.url))
  app.setErrorHandler((error, request, reply) => {
    // An address that does not take the method says so, whatever is wrong with the body that came.
    if (request.is404 && isRefusal(error)) return app.answerUnknown(request, reply)
    return sendProblem(error, request, reply)
  })
  app.decorate('answerUnknown', (request: FastifyRequest, reply: FastifyReply) => {
    const methods = allowed.at(request.url)
    if (methods.length === 0) {
      return sendProblem(new CodedError('not-found', 'See /openapi.json for what there is.'), request, reply)
    }
    reply.header('Allow', methods.join(', '))
    return sendProblem(
      new CodedError('method-not-allowed', `This address takes ${methods.join(', ')}.`, { extras: { allow: methods } }),
      request,
      reply,
    )
  })
  app.decorate('methodsAt', (url: string) => allowed.at(url))
  app.setNotFoundHandler(app.answerUnknown)
})

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers 404, or 405 with `Allow` where the address takes other methods. */
    answerUnknown: (request: FastifyRequest, reply: FastifyReply) => FastifyReply
    /** Methods that an address takes; none where there is nothing. */
    methodsAt: (url: string) => readonly string[]
  }
}

/** Also Fastify's `frameworkErrors`: what goes wrong before a route is found, such as a malformed URL. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const coded = toCoded(error)
  if (coded.code === 'internal') request.log.error({ err: error }, 'a request failed')
  else if (coded.status >= 500)
    request.log.warn({ code: coded.code, cause: String(coded.cause) }, 'a request was put off')
  if (coded.retryAfterSeconds !== undefined) reply.header('Retry-After', coded.retryAfterSeconds)
  if (coded.code === 'unsupported-media-type') sayWhatIsTaken(request, reply)
  reply.removeHeader('ETag')
  // Encoded here, so that no route's schema for its good answers is applied to the problem.
  return reply
    .code(coded.status)
    .header('Cache-Control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(coded.toProblem()))
}

/** What the client can send instead (RFC 9110, 15.5.16, and RFC 5789, 2.2). */
function sayWhatIsTaken(request: FastifyRequest, reply: FastifyReply): void {
  if (isEncoded(request)) reply.header('Accept-Encoding', 'identity')
  if (request.method === 'PATCH') reply.header('Accept-Patch', patchTypes.join(', '))
}

function toCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const { code = '', statusCode } = isFastifyError(error) ? error : {}
  const refusal = refusals[code]
  if (refusal !== undefined) return new CodedError(refusal[0], refusal[1], { cause: error })
  if (statusCode === 503) {
    return new CodedError('overloaded', 'The server has too much to do. Try again shortly.', {
      cause: error,
      retryAfterSeconds: overloadedRetrySeconds,
    })
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new CodedError('bad-request', 'The request could not be read. See /openapi.json for its form.', {
      cause: error,
    })
  }
  return new CodedError('internal', 'The fault is logged. Try again; a write is safe to repeat by its Idempotency-Key.')
}

/** Whether Fastify itself refused the request. */
function isRefusal(error: unknown): boolean {
  return isFastifyError(error) && error.statusCode !== undefined && error.statusCode < 500
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
