import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { startServer } from '../helpers/server.ts'
import { startCoverage } from './calls.ts'
import { Checker, type Document, operationsOf, readDocument } from './document.ts'

/** What generators of clients stumble over must not be in the document. */

let read: Document | undefined

/** The document is the same from every server, and is read from the first. */
async function documentOf(t: TestContext): Promise<Document> {
  read ??= await readDocument((await startServer(t)).url)
  return read
}

interface Node {
  /** Such as `paths./v1/channels.get`. */
  readonly at: string
  readonly value: Record<string, unknown>
}

/** Every object of the document. What examples hold is data. */
function nodesOf(value: unknown, at = ''): Node[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([name, part]) =>
    name === 'examples' || name === 'example' ? [] : nodesOf(part, at === '' ? name : `${at}.${name}`),
  )
  return Array.isArray(value) ? inner : [{ at, value: value as Record<string, unknown> }, ...inner]
}

function repeated(names: readonly string[]): string[] {
  const plain = names.map((name) => name.toLowerCase())
  return names.filter((_, i) => plain.indexOf(plain[i] ?? '') !== i)
}

test('each call has a name of its own, as methods of clients are called', async (t) => {
  const document = await documentOf(t)
  const ids = operationsOf(document).map(({ operationId }) => operationId)
  for (const id of ids) assert.match(id, /^[a-z]+(?:[A-Z][a-z]+)+$/)
  assert.deepEqual(repeated(ids), [])
  // Clients are written against these names.
  assert.deepEqual(ids.toSorted(), [
    'createChannel',
    'editChannel',
    'editPost',
    'getChanges',
    'getChannel',
    'getPost',
    'listChannels',
    'listFollowedChannels',
    'listNodes',
    'listPosts',
    'pinPost',
    'publishPost',
    'retractPost',
    'streamChanges',
    'unpinPost',
  ])
})

test('the names of schemas differ from each other, and from what generators make of calls and of other schemas', async (t) => {
  const document = await documentOf(t)
  const names = Object.keys(document.components.schemas)
  for (const name of names) assert.match(name, /^[A-Z][A-Za-z]+$/)
  assert.deepEqual(repeated(names), [])
  const made = new Set([
    // A constructor, in Go.
    ...names.map((name) => `New${name}`),
    ...operationsOf(document).flatMap(({ operationId: id }) => {
      const call = `${id.charAt(0).toUpperCase()}${id.slice(1)}`
      return [call, ...['Request', 'Response', 'Params', 'Body', 'JSONBody'].map((end) => call + end)]
    }),
  ])
  assert.deepEqual(
    names.filter((name) => made.has(name)),
    [],
  )
})

test('each reference leads to a schema, and each schema is used', async (t) => {
  const document = await documentOf(t)
  const names = Object.keys(document.components.schemas)
  const references = nodesOf(document).flatMap(({ value }) =>
    typeof value['$ref'] === 'string' ? [value['$ref']] : [],
  )
  const used = new Set(references.map((reference) => reference.replace('#/components/schemas/', '')))
  assert.deepEqual([...used].toSorted(), names.toSorted())
})

test('patterns are of the kind that Python, Java and Go read as well', async (t) => {
  const document = await documentOf(t)
  const patterns = nodesOf(document).flatMap(({ at, value }) =>
    typeof value['pattern'] === 'string' ? [{ at, pattern: value['pattern'] }] : [],
  )
  assert.ok(patterns.length > 0)
  for (const { at, pattern } of patterns) {
    // Of Unicode properties, assertions beside ^ and $, and references back, each is unknown to one of them.
    assert.doesNotMatch(pattern, /\\[pPkBb1-9]|\(\?[^:]/, at)
    for (const flags of ['', 'u']) assert.doesNotThrow(() => new RegExp(pattern, flags), at)
  }
})

test('a text with a format has no pattern: generators make a value of another type of it', async (t) => {
  const document = await documentOf(t)
  const formatted = nodesOf(document).filter(({ value }) => value['type'] === 'string' && 'format' in value)
  assert.ok(formatted.length > 0)
  assert.deepEqual(
    formatted.filter(({ value }) => 'pattern' in value),
    [],
  )
})

test('a field with a default may be left out of a request, and no generator takes it for one that must be there', async (t) => {
  const document = await documentOf(t)
  const withDefault = nodesOf(document.components).filter(({ value }) => 'default' in value)
  assert.deepEqual(
    withDefault.map(({ at }) => at),
    [],
  )
  const { properties, required } = document.components.schemas['ChannelInput'] as {
    properties: Record<string, { description?: string }>
    required: string[]
  }
  assert.match(properties['timeZone']?.description ?? '', /Default: `"UTC"`\.$/)
  assert.deepEqual(required, ['id', 'title'])
})

test('requests are closed and bounded, and answers are open to what later versions add', async (t) => {
  const document = await documentOf(t)
  const nodes = (parts: readonly unknown[]) => parts.flatMap((part) => nodesOf(withReferences(part, document)))
  const operations = operationsOf(document)
  const asked = nodes(operations.map(({ requestBody }) => requestBody))
  const answered = nodes(operations.map(({ responses }) => responses))
  assert.deepEqual(
    asked.filter(({ value }) => value['type'] === 'object' && value['additionalProperties'] !== false),
    [],
  )
  assert.deepEqual(
    answered.filter(
      ({ value }) => value['additionalProperties'] === false || 'maxLength' in value || 'maxItems' in value,
    ),
    [],
  )
})

/** The part with each reference replaced by what it leads to. No schema of ours leads back to itself. */
function withReferences(part: unknown, document: Document): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map((item) => withReferences(item, document))
  const { $ref, ...rest } = part as { $ref?: string }
  const [, name] = /^#\/components\/schemas\/(.+)$/.exec($ref ?? '') ?? []
  const whole = name === undefined ? rest : { ...document.components.schemas[name], ...rest }
  return Object.fromEntries(Object.entries(whole).map(([key, value]) => [key, withReferences(value, document)]))
}

test('alternatives can be told apart by a field that the document names', async (t) => {
  const { schemas } = await documentOf(t).then(({ components }) => components)
  for (const [name, field] of [
    ['Post', 'status'],
    ['Change', 'type'],
  ] as const) {
    assert.deepEqual(Object.keys(schemas[name]?.['discriminator'] ?? {}), ['propertyName', 'mapping'])
    assert.equal((schemas[name]?.['discriminator'] as { propertyName?: string } | undefined)?.propertyName, field)
  }
  const reading = nodesOf(schemas).filter(({ value }) => 'anyOf' in value)
  for (const { at, value } of reading) {
    const forms = value['anyOf'] as { type?: string }[]
    assert.deepEqual(forms.map(({ type }) => type).filter((type) => type === 'null').length, 1, at)
  }
})

test('each example fits its schema', async (t) => {
  const document = await documentOf(t)
  const told = new Checker(document)
  let examples = 0
  for (const [name, { examples: some = [] }] of Object.entries(document.components.schemas)) {
    const fits = told.component(name)
    for (const example of some) {
      assert.ok(fits(example), `${name}: ${JSON.stringify(fits.errors)}`)
      examples++
    }
  }
  for (const operation of operationsOf(document)) {
    for (const { name, example } of operation.parameters) {
      if (example === undefined) continue
      const fits = told.parameter(operation, name)
      assert.ok(fits(example), `${operation.operationId}, ${name}: ${JSON.stringify(fits.errors)}`)
      examples++
    }
  }
  assert.ok(examples > 20, `${examples} examples`)
})

test('what takes If-None-Match tells of 304, and an edit of a post needs If-Match', async (t) => {
  const document = await documentOf(t)
  const takes = (name: string) =>
    operationsOf(document).filter(({ parameters }) => parameters.some((parameter) => parameter.name === name))
  assert.ok(takes('If-None-Match').length >= 5)
  for (const { operationId, responses } of takes('If-None-Match')) {
    assert.deepEqual(
      Object.keys(responses['304']?.headers ?? {}),
      Object.keys(responses['200']?.headers ?? {}),
      operationId,
    )
    assert.equal(responses['304']?.content, undefined)
  }
  const needed = takes('If-Match').map(({ operationId, parameters }) => [
    operationId,
    parameters.find(({ name }) => name === 'If-Match')?.required,
  ])
  assert.deepEqual(Object.fromEntries(needed), { editPost: true, retractPost: false, pinPost: false, unpinPost: false })
})

const author = { name: 'R. Alder' }
const refusedBodies: readonly (readonly [operationId: string, body: object])[] = [
  ['publishPost', {}],
  ['publishPost', { tags: ['a'] }],
  ['publishPost', { headline: '' }],
  ['publishPost', { headline: 'a'.repeat(301) }],
  ['publishPost', { headline: 'a', tags: ['b', 'b'] }],
  ['publishPost', { headline: 'a', flag: true }],
  ['publishPost', { headline: 'a', authors: Array.from({ length: 21 }, () => author) }],
  ['publishPost', { headline: 'a', authors: [{ ...author, url: 'javascript:alert(1)' }] }],
  ['publishPost', { headline: 'a', authors: [{ ...author, age: 1 }] }],
  ['publishPost', { headline: 'a', verification: 'sure' }],
  ['publishPost', { headline: 'a', eventTime: 'yesterday' }],
  ['publishPost', { headline: null }],
  ['publishPost', { body: { text: 'a', html: 'b' } }],
  ['publishPost', { body: {} }],
  ['publishPost', { body: 'a' }],
  ['editPost', {}],
  ['editPost', { tags: null }],
  ['editPost', { correction: { kind: 'update' } }],
  ['retractPost', {}],
  ['createChannel', { id: 'Harbour', title: 'a' }],
  ['createChannel', { id: 'a' }],
  ['editChannel', {}],
  ['editChannel', { title: null }],
]

test('a body that the document rules out is refused, and the document rules out what its form alone gets refused', async (t) => {
  const { call, channel, publish, url } = await startCoverage(t)
  const post = await publish()
  const document = await readDocument(url)
  const told = new Checker(document)
  for (const [operationId, body] of refusedBodies) {
    const operation = operationsOf(document).find((one) => one.operationId === operationId)
    assert.ok(operation !== undefined, operationId)
    const name = operation.requestBody?.content['application/json']?.schema.$ref.split('/').at(-1) ?? ''
    const what = `${operationId} ${JSON.stringify(body)}`.slice(0, 200)
    assert.equal(told.component(name)(body), false, what)
    const path = operation.path.replace(/.*\{id\}/, post).replace('/v1/channels/{channel}', channel)
    const headers: Record<string, string> = operationId === 'editPost' ? { 'if-match': '"1"' } : {}
    const answer = await call(operation.method.toUpperCase(), path, { body, headers })
    assert.equal(answer.json.code, 'invalid', what)
  }
})

const refusedParameters: readonly (readonly [operationId: string, name: string, value: unknown])[] = [
  ['getChanges', 'after', '5'],
  ['getChanges', 'after', 'k3v9Qd1c:042'],
  ['getChanges', 'limit', 0],
  ['streamChanges', 'after', 'k3v9Qd1c'],
  ['listPosts', 'limit', 101],
  ['listPosts', 'before', '0'],
  ['listPosts', 'keyEvents', 'yes'],
  ['getChannel', 'channel', 'Harbour'],
  ['getPost', 'id', 'short'],
  ['editPost', 'If-Match', '1'],
  ['editPost', 'If-Match', '"1" "2"'],
  ['pinPost', 'Idempotency-Key', ' a'],
]

test('parameters that the server refuses are ruled out by the document', async (t) => {
  const { call, channel, publish, url } = await startCoverage(t)
  const post = await publish()
  const document = await readDocument(url)
  const told = new Checker(document)
  for (const [operationId, name, value] of refusedParameters) {
    const operation = operationsOf(document).find((one) => one.operationId === operationId)
    assert.ok(operation !== undefined, operationId)
    const what = `${operationId} ${name}=${String(value)}`
    assert.equal(told.parameter(operation, name)(value), false, what)
    // A header loses the blanks around it on its way.
    if (name === 'Idempotency-Key') continue
    const parameter = operation.parameters.find((one) => one.name === name)
    const inPath = parameter?.in === 'path' ? String(value) : undefined
    const path = operation.path
      .replace('{channel}', name === 'channel' ? (inPath ?? '') : channel.replace('/v1/channels/', ''))
      .replace('{id}', name === 'id' ? (inPath ?? '') : (post.split('/').at(-1) ?? ''))
    const query = parameter?.in === 'query' ? `?${new URLSearchParams({ [name]: String(value) })}` : ''
    const headers: Record<string, string> = parameter?.in === 'header' ? { [name]: String(value) } : {}
    const body = operationId === 'editPost' ? { body: { keyEvent: true } } : {}
    const answer = await call(operation.method.toUpperCase(), path + query, { headers, ...body })
    assert.equal(answer.json?.code, 'invalid', `${what}: ${answer.text}`)
  }
})

test('a condition and a choice that the server takes fit the document', async (t) => {
  const document = await documentOf(t)
  const told = new Checker(document)
  const of = (id: string) => operationsOf(document).find(({ operationId }) => operationId === id)
  const [edit, list] = [of('editPost'), of('listPosts')]
  assert.ok(edit !== undefined && list !== undefined)
  for (const tag of ['*', '"1"', 'W/"1"', '"1", W/"2"', ' "1" ']) assert.ok(told.parameter(edit, 'If-Match')(tag), tag)
  assert.ok(told.parameter(list, 'keyEvents')(true))
})

test('a time that is outside of the years 1 to 9999 in UTC is refused: RFC 3339 has no way to write it', async (t) => {
  const { call, channel } = await startCoverage(t)
  const publish = (eventTime: string) => call('POST', `${channel}/posts`, { body: { headline: 'a', eventTime } })
  for (const time of ['0000-06-01T00:00:00Z', '0001-01-01T00:30:00+01:00', '9999-12-31T23:30:00-01:00']) {
    const answer = await publish(time)
    assert.equal(answer.status, 400, `${time}: ${answer.text}`)
    assert.match(answer.json.detail, /^body\.eventTime: /)
  }
  for (const time of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
    const { json } = await publish(time)
    assert.equal(new Date(json.post.eventTime).getTime(), new Date(time).getTime())
  }
})
