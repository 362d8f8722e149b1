import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { globalRegistry, type z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { forGenerators, withPlainNames } from './components.ts'
import { serveDocsFiles } from './docs-files.ts'
import { fitDocsPageToPhones, forDocsPage } from './docs-page.ts'
import { withPlainOperations } from './operations.ts'
import { problemAnswers } from './problem-answers.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** Errors that the route can answer besides those of every route, for the OpenAPI document. */
    problems?: readonly ErrorCode[]
  }
}

/**
 * The page is Swagger UI's: scripts and styles of its own files, its icons as data: URLs, and calls to this server. The
 * hash is that of the one style that its script puts into the page; another version may have another.
 */
const docsPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const info = {
  title: 'Wirecopy',
  version: '1',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  description:
    'Publish to live coverages, and follow them. Every error is `application/problem+json` (RFC 9457); compare its `code`. Every write takes an `Idempotency-Key` and is then safe to repeat. Every address that takes GET takes HEAD as well, and every one takes OPTIONS; another method is answered 405 `method-not-allowed`, with the methods that the address takes in `Allow`. What is no request by HTTP/1.1 is answered 400, 408 or 431.',
}

const tags = [
  { name: 'Channels', description: 'Live coverages.' },
  { name: 'Posts', description: 'The entries of a channel.' },
  {
    name: 'Following',
    description: 'Changes as they come: by polling or as a stream. Sockets carry the same batches.',
  },
  { name: 'Operations', description: 'How the servers are doing.' },
]

/**
 * Schemas of answers stay open, so that a client that checks them takes fields of a later version. Examples of requests
 * are put back: zod leaves out those of schemas that transform, taking them for what comes out; ours are what goes in.
 */
const zodToJsonConfig = {
  override: ({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    if (zodSchema._zod.def.type === 'object' && zodSchema._zod.def.catchall === undefined) {
      delete jsonSchema.additionalProperties
    }
    const { examples } = globalRegistry.get(zodSchema) ?? {}
    if (Array.isArray(examples)) jsonSchema.examples = examples
    plainScalar(jsonSchema)
  },
}

/**
 * In the words that generators of clients for any language read. The format of a time says what its pattern would; Python,
 * Java and Go can't read the Unicode properties of a pattern; not every address that browsers take is a URI for other
 * languages, and one of them must not make a whole page unreadable; a whole number without a format has 32 bits in Java.
 */
function plainScalar(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'date-time' || /\\p\{/i.test(schema.pattern ?? '')) delete schema.pattern
  if (schema.format === 'uri') delete schema.format
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum !== Number.MAX_SAFE_INTEGER) return
  delete schema.maximum
  schema.format = 'int64'
}

const toJsonSchema = createJsonSchemaTransform({ zodToJsonConfig })
const addComponents = createJsonSchemaTransformObject({ zodToJsonConfig })

/**
 * OpenAPI 3.1 at `/openapi.json`, rendered at `/docs`, out of the schemas of all routes that have a tag. Registered at
 * the root before any route.
 */
export const openApi = fastifyPlugin(async (app: FastifyInstance) => {
  await app.register(swagger, {
    hideUntagged: true,
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info,
      // Relative: it is whichever address the document was read from.
      servers: [{ url: '/' }],
      tags,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A key made by `npm run keys -- make`, or the admin key.',
          },
        },
      },
    },
    transform: (route) => {
      const { schema, url } = toJsonSchema(route)
      if (route.schema?.tags === undefined) return { schema, url }
      const response = {
        ...withHeaders(schema.response, route.schema.response),
        ...problemAnswers(route.schema, route.route.method),
      }
      return { schema: { ...schema, response }, url }
    },
    transformObject: (document) => withPlainOperations(forGenerators(withPlainNames(addComponents(document)))),
  })
  await app.register(async (docs) => {
    await serveDocsFiles(docs)
    fitDocsPageToPhones(docs)
    let shown: object | undefined
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: docsPolicy,
      transformSpecificationClone: false,
      transformSpecification: (document) => {
        shown ??= forDocsPage(document)
        return shown
      },
    })
  })
  let document: Buffer | null = null
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    // The document is public, and tools on other sites read it.
    reply.header('Access-Control-Allow-Origin', '*').header('Cache-Control', 'no-cache')
    document ??= Buffer.from(JSON.stringify(app.swagger()))
    return reply.type('application/json; charset=utf-8').send(document)
  })
})

/** The zod transform keeps an answer's description and content; what is said of its headers is put back. */
function withHeaders(transformed: unknown, declared: unknown): Record<string, unknown> {
  const answers = Object.entries((transformed ?? {}) as Record<string, object>)
  const said = (declared ?? {}) as Record<string, { headers?: unknown }>
  return Object.fromEntries(
    answers.map(([status, answer]) => {
      const headers = said[status]?.headers
      return [status, headers === undefined ? answer : { ...answer, headers }]
    }),
  )
}
