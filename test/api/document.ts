import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'
import type { Answer } from './calls.ts'

const Parameter = z.looseObject({
  name: z.string(),
  in: z.string(),
  required: z.boolean().optional(),
  example: z.unknown().optional(),
  schema: z.looseObject({}),
})
const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(Parameter).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({ $ref: z.string() }) })) })
    .optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      headers: z.record(z.string(), z.unknown()).optional(),
      content: z.record(z.string(), z.looseObject({})).optional(),
    }),
  ),
})
export type Operation = z.infer<typeof Operation>
const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({ examples: z.array(z.unknown()).optional() })),
  }),
})
export type Document = z.infer<typeof Document>

export async function readDocument(url: string): Promise<Document> {
  const response = await fetch(`${url}/openapi.json`)
  assert.equal(response.status, 200)
  return Document.parse(await response.json())
}

export interface NamedOperation extends Operation {
  readonly path: string
  readonly method: string
}

export function operationsOf(document: Document): NamedOperation[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, ...operation })),
  )
}

/** Checks values and answers by what the document says. */
export class Checker {
  readonly #document: Document
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })

  constructor(document: Document) {
    this.#document = document
    formats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'doc', ...document })
  }

  /** The check by the schema at this place in the document. */
  schemaAt(...way: readonly string[]): ValidateFunction | undefined {
    const pointer = way.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    return this.#ajv.getSchema(`doc#/${pointer}`)
  }

  component(name: string): ValidateFunction {
    const found = this.schemaAt('components', 'schemas', name)
    assert.ok(found !== undefined, name)
    return found
  }

  parameter(operation: NamedOperation, name: string): ValidateFunction {
    const at = operation.parameters.findIndex((parameter) => parameter.name === name)
    const found = this.schemaAt('paths', operation.path, operation.method, 'parameters', String(at), 'schema')
    assert.ok(found !== undefined, `${operation.operationId} has no parameter ${name}`)
    return found
  }

  /** Asserts that the document tells of such an answer. Of a path that is not in the document it says nothing. */
  assertTold(method: string, url: string, answer: Answer): void {
    const [actual = ''] = url.split('?', 1)
    const path = Object.keys(this.#document.paths).find((one) => shapeOf(one).test(actual))
    const operations = path === undefined ? undefined : this.#document.paths[path]
    if (path === undefined || operations === undefined || method === 'OPTIONS') return
    const name = method === 'HEAD' ? 'get' : method.toLowerCase()
    const operation = operations[name]
    if (operation === undefined) {
      assert.ok([404, 405].includes(answer.status), `${method} ${url}: ${answer.status}`)
      return
    }
    const { status, headers, json } = answer
    assert.ok(String(status) in operation.responses, `${method} ${path} tells of no ${status}: ${answer.text}`)
    if (answer.text === '') return
    const type = headers.get('content-type')?.split(';')[0] ?? ''
    const fits = this.schemaAt('paths', path, name, 'responses', String(status), 'content', type, 'schema')
    assert.ok(fits !== undefined, `${method} ${path} tells of no ${status} ${type}`)
    if (json !== undefined) assert.ok(fits(json), `${method} ${path}: ${JSON.stringify(fits.errors)}`)
  }
}

/** `/channels/{channel}` as a pattern for paths that come. */
function shapeOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}
