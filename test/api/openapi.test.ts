import assert from 'node:assert/strict'
import test from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import { startCoverage } from './calls.ts'
import { type Document, type Operation, operationsOf, readDocument } from './document.ts'

test('the OpenAPI document is valid as 3.1 and has every call', async (t) => {
  const { url } = await startCoverage(t)
  const document = await readDocument(url)
  const result = await new Validator().validate(structuredClone(document))
  assert.deepEqual(result, { valid: true })
  assert.equal(document.openapi, '3.1.0')
  const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  )
  const channel = '/v1/channels/{channel}'
  const posts = `${channel}/posts`
  const due = [
    'get /v1/channels, post /v1/channels, get /v1/ops/nodes, get /v1/ops/channels',
    `get ${channel}, patch ${channel}, get ${channel}/changes, get ${channel}/stream, get ${posts}, post ${posts}`,
    `get ${posts}/{id}, patch ${posts}/{id}, post ${posts}/{id}/retract, put ${posts}/{id}/pin, delete ${posts}/{id}/pin`,
  ].flatMap((line) => line.split(', '))
  assert.deepEqual(
    due.filter((name) => !calls.includes(name)),
    [],
  )
})

test('requests and answers have schemas of their own, and header parameters their usual case', async (t) => {
  const { url } = await startCoverage(t)
  const document = await readDocument(url)
  const { schemas } = document.components
  for (const name of [
    'PostInput',
    'PostEdit',
    'Post',
    'AuthorInput',
    'Author',
    'Channel',
    'Snapshot',
    'Batch',
    'Problem',
  ])
    assert.ok(name in schemas, name)
  assert.deepEqual(schemas['PostInput']?.['required'], undefined)
  for (const field of ['tags', 'keyEvent', 'authors'])
    assert.ok(z.array(z.string()).parse(schemas['PublishedPost']?.['required']).includes(field), field)
  const headers = operationsOf(document).flatMap(({ parameters }) =>
    parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name),
  )
  assert.deepEqual(
    [...new Set(headers)].sort((a, b) => (a < b ? -1 : 1)),
    ['Idempotency-Key', 'If-Match', 'If-None-Match', 'Last-Event-ID'],
  )
})

test('every example of a request is taken by the server, and every answer fits what is documented', async (t) => {
  const { call, publish, url } = await startCoverage(t)
  const document = await readDocument(url)
  let tried = 0
  for (const [path, operations] of Object.entries(document.paths)) {
    // A stream has no end to wait for; it has tests of its own.
    if (path.endsWith('/stream')) continue
    for (const [method, operation] of Object.entries(operations)) {
      for (const body of examplesOf(operation, document)) {
        const id = (await publish()).split('/').at(-1) ?? ''
        const { cursor } = (await call('GET', '/v1/channels/harbour')).json
        const address = path.replace('{channel}', 'harbour').replace('{id}', id)
        const query = path.endsWith('/changes') ? `?after=${cursor}` : ''
        const takesVersion = operation.parameters.some(({ name }) => name === 'If-Match')
        const headers: Record<string, string> = takesVersion ? { 'if-match': '"1"' } : {}
        const answer = await call(method.toUpperCase(), address + query, { body, headers })
        assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
        tried++
      }
    }
  }
  assert.ok(tried >= 14, `only ${tried} calls were tried`)
})

/** The bodies to try an operation with: its schema's examples, or none where it takes none. */
function examplesOf(operation: Operation, document: Document): unknown[] {
  const reference = operation.requestBody?.content['application/json']?.schema.$ref
  if (reference === undefined) return [undefined]
  const name = reference.split('/').at(-1) ?? ''
  const examples = document.components.schemas[name]?.examples ?? []
  assert.ok(examples.length > 0, `${name} has no example`)
  return examples
}

test('every call documents that it can fail, and those that take a key that it can be refused', async (t) => {
  const { url } = await startCoverage(t)
  const document = await readDocument(url)
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses, security }] of Object.entries(operations)) {
      assert.ok('500' in responses, `${method} ${path}`)
      assert.equal('401' in responses, security !== undefined, `${method} ${path}`)
    }
  }
})
