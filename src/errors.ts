import type { FieldError } from './wire/parse.ts'
import type { Problem } from './wire/problem.ts'

/** Every error that a client can be told, and its status: the one table. PROTOCOL.md lists the same codes. */
const table = {
  'bad-json': [400, 'The body is not JSON'],
  'bad-request': [400, 'The request could not be read'],
  invalid: [400, 'The request does not fit its schema'],
  unauthorized: [401, 'A key is needed'],
  'wrong-key': [401, 'The key is not known'],
  'expired-key': [401, 'The key has expired'],
  'missing-scope': [403, 'The key lacks the scope'],
  'foreign-channel': [403, 'The key is not for this channel'],
  'foreign-origin': [403, 'Pages of this site may not follow here'],
  'not-found': [404, 'There is nothing at this address'],
  'unknown-channel': [404, 'There is no such channel'],
  'unknown-post': [404, 'There is no such post'],
  'method-not-allowed': [405, 'This address does not take this method'],
  'request-timeout': [408, 'The request did not come in time'],
  'channel-exists': [409, 'The channel exists'],
  'channel-full': [409, 'The channel is full'],
  'too-many-channels': [409, 'There are too many channels'],
  'too-many-pins': [409, 'Too many posts are pinned'],
  'too-many-corrections': [409, 'The post has too many corrections'],
  'already-retracted': [409, 'The post is retracted for another reason'],
  'write-conflict': [409, 'Others wrote at the same time'],
  retracted: [410, 'The post was retracted'],
  'cursor-gone': [410, 'The cursor can not be served'],
  'stale-version': [412, 'The post has changed since'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be JSON, not compressed'],
  'key-reused': [422, 'The Idempotency-Key was used for another request'],
  'version-required': [428, 'The version that is edited must be named'],
  'too-many-requests': [429, 'Too many requests'],
  'too-many-connections': [429, 'There are too many connections from one address'],
  'too-many-followed': [429, 'Too many channels are followed on one connection'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'Something went wrong here'],
  unavailable: [503, 'The store can not be reached'],
  overloaded: [503, 'The server has too much to do'],
  'not-ready': [503, 'The server is not ready'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ErrorCode = keyof typeof table
export const errorCodes = Object.keys(table) as ErrorCode[]

/** Members that some codes add to the problem, such as `errors`, `reason` or `retraction`. */
export type ProblemExtras = Readonly<Record<string, unknown>>

/**
 * An error that is told to a client. `detail` says what to do next, and holds nothing that the client should not see.
 * `retryAfterSeconds` becomes the Retry-After header (RFC 9110, 10.2.3).
 */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly extras: ProblemExtras
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options: { extras?: ProblemExtras; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.status = table[code][0]
    this.extras = options.extras ?? {}
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  toProblem(): Problem {
    return { ...problem(this.code, this.message), ...this.extras }
  }
}

/** RFC 9457, 3.1. The type is a URN, since it names the kind of error and is no page. */
export function problem(code: ErrorCode, detail: string): Problem {
  const [status, title] = table[code]
  return { type: `urn:wirecopy:problem:${code}`, title, status, detail, code }
}

/** Field errors that one answer holds; what has more is wrong throughout. */
const fieldErrorsMax = 20

export function invalid(errors: readonly FieldError[]): CodedError {
  const shown = errors.slice(0, fieldErrorsMax)
  const detail = shown.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return new CodedError('invalid', detail, { extras: { errors: shown } })
}
