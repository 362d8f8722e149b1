import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startServer } from '../helpers/server.ts'
import { taken } from '../helpers/taken.ts'
import { Checker, readDocument } from './document.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Reads the body as JSON; the test says what it expects to find in it. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are probed by assertions, good and bad alike.
  readonly json: any
}

export interface CallOptions {
  readonly key?: string | null
  readonly headers?: Record<string, string>
  /** Sent as it is where it is a string, else as JSON. */
  readonly body?: unknown
}

type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>

/** Calls a server, with the admin key unless told otherwise. Every answer must be one that the OpenAPI document tells of. */
function caller(url: string, adminKey: string, told: Checker): Call {
  return async (method, path, { key = adminKey, headers = {}, body } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
    const { status, headers: sent } = response
    const answer = { status, headers: sent, text, json: isJson ? JSON.parse(text) : undefined }
    told.assertTold(method, path, answer)
    return answer
  }
}

export interface Coverage {
  readonly url: string
  readonly call: Call
  /** Path of the channel, `/v1/channels/harbour`. */
  readonly channel: string
  /** Publishes a post and gives its path. */
  readonly publish: (body?: object) => Promise<string>
}

/** A server with one channel. */
export async function startCoverage(t: TestContext, env: Record<string, string> = {}): Promise<Coverage> {
  const { url, adminKey } = await startServer(t, env)
  const call = caller(url, adminKey, new Checker(await readDocument(url)))
  const body = { id: 'harbour', title: 'Harbour' }
  const made = await taken((headers) => call('POST', '/v1/channels', { body, headers }))
  assert.equal(made.status, 201, made.text)
  const channel = '/v1/channels/harbour'
  return {
    url,
    call,
    channel,
    publish: async (body = { headline: 'First boats reach the quay' }) => {
      const done = await taken((headers) => call('POST', `${channel}/posts`, { body, headers }))
      assert.equal(done.status, 201, done.text)
      return `${channel}/posts/${done.json.post.id}`
    },
  }
}

export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.json.code, code)
  assert.equal(answer.json.status, status)
  assert.equal(answer.json.type, `urn:wirecopy:problem:${code}`)
  assert.ok(answer.json.title.length > 0)
  assert.ok(answer.json.detail.length > 0)
}

/** Field errors of an `invalid` problem, by path. */
export function errorPaths(answer: Answer): string[] {
  return answer.json.errors.map((error: { path: string }) => error.path)
}
