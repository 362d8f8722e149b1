import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, METHODS, request } from 'node:http'
import { text } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { RawConnection } from '../helpers/raw-connection.ts'
import { startServer } from '../helpers/server.ts'

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: string
}

async function asker(t: TestContext) {
  const { url } = await startServer(t)
  return async ({ method, path, body = '' }: Asked) => {
    const headers = body === '' ? {} : { 'content-type': 'text/csv', 'content-length': Buffer.byteLength(body) }
    const asked = request(url + path, { method, headers, agent: false }).end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const { statusCode: status, headers: told } = response
    return { status, allow: told.allow, type: told['content-type'], text: await text(response) }
  }
}

const taken: Readonly<Record<string, string>> = {
  '/v1/channels/harbour/posts': 'GET, HEAD, POST',
  '/v1/channels/harbour/posts/bq3Xk9TfQmW2vR7a': 'GET, HEAD, PATCH',
  '/v1/ops/nodes': 'GET, HEAD',
  '/openapi.json': 'GET, HEAD',
  '/': 'GET, HEAD',
}

test('every method that an address does not take is answered 405, with those that it takes in Allow', async (t) => {
  const ask = await asker(t)
  for (const [path, allow] of Object.entries(taken)) {
    const others = METHODS.filter((method) => !['CONNECT', 'OPTIONS', ...allow.split(', ')].includes(method))
    assert.ok(others.length > 20)
    for (const method of others) {
      const answer = await ask({ method, path })
      assert.deepEqual([answer.status, answer.allow], [405, allow], `${method} ${path}: ${answer.text}`)
      assert.match(answer.type ?? '', /^application\/problem\+json/)
      assert.deepEqual(JSON.parse(answer.text).allow, allow.split(', '))
    }
  }
})

test('whatever body comes with it, a wrong method is 405 and a wrong address 404', async (t) => {
  const ask = await asker(t)
  for (const [method, path, status] of [
    ['PUT', '/v1/channels/harbour/posts', 405],
    ['QUERY', '/v1/channels/harbour/posts', 405],
    ['POST', '/openapi.json', 405],
    ['POST', '/v1/nothing', 404],
    ['QUERY', '/nothing', 404],
  ] as const) {
    const answer = await ask({ method, path, body: 'a,b' })
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
  }
})

const unreadable: readonly (readonly [what: string, request: string, status: number, code: string])[] = [
  ['a method that HTTP does not know', 'PUBLISH /v1/channels HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method-not-allowed'],
  ['headers above 16 KB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost a\r\n\r\n', 400, 'bad-request'],
  ['what is not HTTP', 'GET / FTP/1.1\r\n\r\n', 400, 'bad-request'],
]

test('what is no request is answered with a problem as well, and the connection ends', async (t) => {
  const { url } = await startServer(t)
  for (const [what, sent, status, code] of unreadable) {
    const connection = await RawConnection.open(t, url)
    connection.say(sent)
    await connection.closed()
    const [head = '', body = ''] = connection.heard.split('\r\n\r\n')
    assert.ok(head.startsWith(`HTTP/1.1 ${status} `), `${what}: ${head}`)
    assert.match(head, /^Content-Type: application\/problem\+json; charset=utf-8\r?$/m)
    assert.match(head, /^Connection: close\r?$/m)
    assert.equal(/^Allow: .*\bPATCH\b/m.test(head), status === 405, what)
    assert.deepEqual([JSON.parse(body).status, JSON.parse(body).code], [status, code], what)
  }
})
