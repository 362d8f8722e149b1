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

/** What a line that broke is lost with. */
export function asFeedError(by: string, error: unknown): FeedError {
  if (error instanceof FeedError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new FeedError(unreachable(by, why), { cause: error })
}

/** Reads a Retry-After header (RFC 9110, 10.2.3): seconds, or a date. Undefined where it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
