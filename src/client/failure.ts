import type { Problem } from '../wire/problem.ts'

/** A request that the server refused, or that did not reach it. `problem` is the server's own where it sent one. */
export class FeedError extends Error {
  readonly problem: Problem
  /** How long the server wants to be left alone, in milliseconds (Retry-After). */
  readonly retryAfterMs: number | undefined

  constructor(problem: Problem, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(problem.detail, { cause: options.cause })
    this.name = 'FeedError'
    this.problem = problem
    this.retryAfterMs = options.retryAfterMs
  }
}

/**
 * What no server said: a connection that fails, an answer that is none of Wirecopy's. `status` is 0, as of a request
 * that got no answer.
 */
export function unreachable(by: string, why: string): Problem {
  return {
    type: 'about:blank',
    title: 'The server can not be reached',
    status: 0,
    detail: `${by}: ${why}`,
    code: 'unreachable',
  }
}

/** Whether the server is there, and only asks for fewer requests or connections: from this address, or from all. */
export function asksForPatience({ status, code }: Problem): boolean {
  return status === 429 || code === 'overloaded'
}

/** What a line that broke is lost with. */
export function asFeedError(by: string, error: unknown): FeedError {
  if (error instanceof FeedError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new FeedError(unreachable(by, why), { cause: error })
}

/**
 * Reads Retry-After (RFC 9110, 10.2.3): seconds, or a date. Undefined if it is neither. A date counts from the answer's own
 * `Date`, so that the clock of this machine does not matter; only without one from that clock, once.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  // Engines read dates into numbers as well; a date of HTTP begins with a day's name.
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN
  const answeredAt = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(answeredAt) ? Date.now() : answeredAt))
}
