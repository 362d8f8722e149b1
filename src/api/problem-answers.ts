import type { FastifySchema } from 'fastify'
import { type ErrorCode, problem } from '../errors.ts'
import { Problem } from '../wire/problem.ts'
import { type HeaderDoc, headerDocs } from './answers.ts'

/** Every route can fail in these ways. */
const always: readonly ErrorCode[] = ['bad-request', 'too-many-requests', 'internal', 'overloaded', 'unavailable']
const withKey: readonly ErrorCode[] = ['unauthorized', 'wrong-key', 'expired-key', 'missing-scope']
/** Also if a route takes no body: one that comes with a write is read. */
const withBody: readonly ErrorCode[] = ['bad-json', 'body-too-large', 'unsupported-media-type']

const waiting = { 'Retry-After': headerDocs.retryAfter }
const challenging = { 'WWW-Authenticate': headerDocs.challenge }
const headersOf: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, HeaderDoc>>>>> = {
  unauthorized: challenging,
  'missing-scope': challenging,
  'write-conflict': waiting,
  'too-many-requests': waiting,
  overloaded: waiting,
  unavailable: waiting,
}

interface ProblemAnswer {
  readonly description: string
  readonly headers: object
  readonly content: object
}

/** The component of the schema `Problem`, named by its id. */
const reference = `#/components/schemas/${Problem.meta()?.id}`

/** The errors of a route, by status, for the OpenAPI document: which codes there are and what each means. */
export function problemAnswers(
  schema: FastifySchema,
  method: string | readonly string[],
): Record<string, ProblemAnswer> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codesOf(schema, [method].flat().includes('GET'))) {
    const { status } = problem(code, '')
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => [String(status), answerOf(codes)]),
  )
}

function codesOf(schema: FastifySchema, isRead: boolean): Set<ErrorCode> {
  const { security, params, querystring, headers, body, problems = [] } = schema
  const takesKey = Array.isArray(security) && security.length > 0
  const namesChannel = params !== undefined || body !== undefined
  const isChecked = namesChannel || querystring !== undefined || headers !== undefined
  return new Set([
    ...problems,
    ...always,
    ...(isChecked ? (['invalid'] as const) : []),
    ...(isRead ? [] : withBody),
    ...(takesKey ? withKey : []),
    ...(takesKey && namesChannel ? (['foreign-channel'] as const) : []),
  ])
}

function answerOf(codes: readonly ErrorCode[]): ProblemAnswer {
  const examples = codes.map((code) => problem(code, `${problem(code, '').title}.`))
  return {
    description: examples.map(({ code, title }) => `\`${code}\`: ${title}.`).join(' '),
    headers: Object.assign({}, ...codes.map((code) => headersOf[code] ?? {})),
    content: {
      'application/problem+json': {
        schema: { $ref: reference },
        examples: Object.fromEntries(examples.map((example) => [example.code, { value: example }])),
      },
    },
  }
}
