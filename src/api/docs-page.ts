import type { FastifyInstance } from 'fastify'

interface Schema {
  readonly $ref?: string
  readonly example?: unknown
  readonly examples?: unknown
}

interface Parameter extends Schema {
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

interface Document {
  readonly paths?: Record<string, Record<string, { readonly parameters?: readonly Parameter[] }>>
  readonly components?: { readonly schemas?: Record<string, Schema> }
}

const viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'

/** Swagger UI's page is as wide as a desktop on every phone, since it does not say otherwise. To be registered before it. */
export function fitDocsPageToPhones(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply, payload) => {
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html')
    return isPage && typeof payload === 'string' ? payload.replace('<head>', `<head>\n      ${viewport}`) : payload
  })
}

/**
 * The document as Swagger UI's page should have it. The page fills every field for which there is an example, and sends
 * it: a second post with the same `Idempotency-Key` would be refused, and a list of posts be empty for a tag that no post
 * has. So the examples of what may be left out are told in its description, and fill nothing.
 */
export function forDocsPage<D extends object>(document: D): D {
  const { paths = {}, components = {} } = document as Document
  const withParameters = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => {
        const parameters = operation.parameters?.map((one) => (one.required === true ? one : unfilled(one, components)))
        return [method, parameters === undefined ? operation : { ...operation, parameters }]
      }),
    ),
  ])
  return { ...document, paths: Object.fromEntries(withParameters) }
}

function unfilled(parameter: Parameter, { schemas = {} }: NonNullable<Document['components']>): Parameter {
  const { schema = {}, example: own, examples: _, ...rest } = parameter
  const named = schema.$ref === undefined ? schema : (schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})
  const { example = own, examples, ...empty } = named
  const [first = example] = Array.isArray(examples) ? examples : []
  if (first === undefined) return parameter
  const said = `For example \`${typeof first === 'string' ? first : JSON.stringify(first)}\`.`
  return { ...rest, description: [rest.description, said].filter(Boolean).join(' '), schema: empty }
}
