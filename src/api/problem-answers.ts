import type { FastifySchema } from 'fastify'
import { type ErrorCode, problem } from '../errors.ts'
import { Problem } from '../wire/problem.ts'

/** Every route can fail in these ways. */
const always: readonly ErrorCode[] = ['invalid', 'too-many-requests', 'internal', 'unavailable']
const withKey: readonly ErrorCode[] = ['unauthorized', 'wrong-key', 'expired-key', 'missing-scope']
const withBody: readonly ErrorCode[] = ['bad-json', 'body-too-large', 'unsupported-media-type']

interface ProblemAnswer {
  readonly description: string
  readonly content: object
}

/** The component of the schema `Problem`, named by its id. */
const reference = `#/components/schemas/${Problem.meta()?.id}`

/** The errors of a route, by status, for the OpenAPI document: which codes there are and what each means. */
export function problemAnswers(schema: FastifySchema): Record<string, ProblemAnswer> {
  const byStatus = new Map<number, ReturnType<typeof problem>[]>()
  for (const code of codesOf(schema)) {
    const { status, title } = problem(code, '')
    byStatus.set(status, [...(byStatus.get(status) ?? []), problem(code, `${title}.`)])
  }
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, examples]) => [String(status), answerOf(examples)]),
  )
}

function codesOf(schema: FastifySchema): Set<ErrorCode> {
  const { security, params, body, problems = [] } = schema
  const takesKey = Array.isArray(security) && security.length > 0
  const namesChannel = params !== undefined || body !== undefined
  return new Set([
    ...problems,
    ...always,
    ...(body === undefined ? [] : withBody),
    ...(takesKey ? withKey : []),
    ...(takesKey && namesChannel ? (['foreign-channel'] as const) : []),
  ])
}

function answerOf(examples: readonly ReturnType<typeof problem>[]): ProblemAnswer {
  return {
    description: examples.map(({ code, title }) => `\`${code}\`: ${title}.`).join(' '),
    content: {
      'application/problem+json': {
        schema: { $ref: reference },
        examples: Object.fromEntries(examples.map((example) => [example.code, { value: example }])),
      },
    },
  }
}
