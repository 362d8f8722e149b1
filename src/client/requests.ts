import type { Problem } from '../wire/problem.ts'
import type { Cursor, PageToken } from '../wire/scalars.ts'
import { FeedError, retryAfterMs, unreachable } from './failure.ts'

/** The addresses of one channel under a server's base URL, which ends in a slash. */
export interface Addresses {
  readonly snapshot: URL
  changes(after: Cursor): URL
  stream(after: Cursor | null): URL
  posts(before: PageToken): URL
}

export function addressesOf(base: URL, channel: string): Addresses {
  const root = `v1/channels/${encodeURIComponent(channel)}`
  const at = (path: string, query: Record<string, string> = {}) => {
    const url = new URL(root + path, base)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }
  return {
    snapshot: at(''),
    changes: (after) => at('/changes', { after }),
    stream: (after) => at('/stream', after === null ? {} : { after }),
    posts: (before) => at('/posts', { before }),
  }
}

/**
 * A request that has answered 2xx, its body still to be read. Throws a `FeedError` where the server refused it; what
 * `fetch` itself throws goes through.
 */
export async function request(
  by: string,
  url: URL,
  init: { accept: string; signal: AbortSignal; cache?: RequestCache },
): Promise<Response> {
  const response = await fetch(url, {
    headers: { accept: init.accept },
    signal: init.signal,
    ...(init.cache === undefined ? {} : { cache: init.cache }),
  })
  if (response.ok) return response
  const problem = await problemOf(by, response)
  throw new FeedError(problem, { retryAfterMs: retryAfterMs(response.headers) })
}

export async function requestJson<T>(
  by: string,
  url: URL,
  init: { signal: AbortSignal; cache?: RequestCache },
): Promise<{ value: T; headers: Headers }> {
  const response = await request(by, url, { ...init, accept: 'application/json' })
  const value: T = await response.json()
  return { value, headers: response.headers }
}

/** The problem in a refusal, or one made from its status where something on the way answered instead of the server. */
async function problemOf(by: string, response: Response): Promise<Problem> {
  const type = response.headers.get('content-type') ?? ''
  try {
    if (type.startsWith('application/problem+json')) {
      const body: unknown = await response.json()
      if (isProblem(body)) return body
    } else {
      await response.body?.cancel()
    }
  } catch {
    // The status says enough, and is not to be lost with the body.
  }
  return { ...unreachable(by, `the answer was ${response.status}`), status: response.status }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}
