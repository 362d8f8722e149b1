import assert from 'node:assert/strict'
import test from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'
import { type Answer, type Call, startCoverage } from './calls.ts'

const Operation = z.looseObject({
  summary: z.string(),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({ $ref: z.string() }) })) })
    .optional(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.looseObject({})).optional() })),
})
type Operation = z.infer<typeof Operation>
const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({ examples: z.array(z.unknown()).optional() })),
  }),
})
type Document = z.infer<typeof Document>

async function readDocument(call: Call): Promise<Document> {
  const answer = await call('GET', '/openapi.json', { key: null })
  assert.equal(answer.status, 200)
  return Document.parse(answer.json)
}

test('the OpenAPI document is valid as 3.1 and has every call', async (t) => {
  const { call } = await startCoverage(t)
  const document = await readDocument(call)
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

test('components have the names of their schemas, and header parameters their usual case', async (t) => {
  const { call } = await startCoverage(t)
  const document = await readDocument(call)
  const names = Object.keys(document.components.schemas)
  for (const name of ['NewPost', 'PostEdit', 'Post', 'Channel', 'Snapshot', 'Batch', 'Problem'])
    assert.ok(names.includes(name), name)
  assert.deepEqual(
    names.filter((name) => name.endsWith('Input')),
    [],
  )
  const headers = Object.values(document.paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap(({ parameters }) => parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name))
  assert.deepEqual(
    [...new Set(headers)].sort((a, b) => (a < b ? -1 : 1)),
    ['Idempotency-Key', 'If-Match', 'If-None-Match', 'Last-Event-ID'],
  )
})

test('every example of a request is taken by the server, and every answer fits what is documented', async (t) => {
  const { call, publish } = await startCoverage(t)
  const document = await readDocument(call)
  const fits = checker(document)
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
        fits(path, method, answer)
        tried++
      }
    }
  }
  assert.ok(tried >= 14, `only ${tried} calls were tried`)
})

/** Asserts that an answer fits the schema that the document has for it. */
function checker(document: Document): (path: string, method: string, answer: Answer) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema({ $id: 'doc', ...document })
  return (path, method, { status, headers, json }) => {
    const type = headers.get('content-type')?.split(';')[0] ?? ''
    const way = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
    const pointer = way.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    const validate = ajv.getSchema(`doc#/${pointer}`)
    assert.ok(validate !== undefined, `${method} ${path} documents no ${status} ${type}`)
    assert.ok(validate(json), `${method} ${path}: ${JSON.stringify(validate.errors)}`)
  }
}

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
  const { call } = await startCoverage(t)
  const document = await readDocument(call)
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses, security }] of Object.entries(operations)) {
      assert.ok('500' in responses, `${method} ${path}`)
      assert.equal('401' in responses, security !== undefined, `${method} ${path}`)
    }
  }
})
