import type { FastifySchemaCompiler, FastifySerializerCompiler, FastifyTypeProvider } from 'fastify'
import type { z } from 'zod'
import { CodedError } from '../errors.ts'

/**
 * Types of a request's parts out of its zod schemas. Answers are not typed by theirs: most of them are bytes that the
 * log encoded once for all who ask, and a test holds them to the schemas in the OpenAPI document.
 */
export interface Typed extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: unknown
}

export interface FieldError {
  /** Part of the request and the way to the field, such as `body.authors.0.name` or `query.limit`. */
  readonly path: string
  readonly message: string
}

/** Field errors that one answer holds; a body with more is wrong throughout. */
const fieldErrorsMax = 20

export function invalid(errors: readonly FieldError[]): CodedError {
  const shown = errors.slice(0, fieldErrorsMax)
  const detail = shown.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return new CodedError('invalid', detail, { extras: { errors: shown } })
}

const parts: Readonly<Record<string, string>> = { querystring: 'query' }

/** Reads a part of a request by its zod schema, or refuses it as `invalid` with every field that is wrong. */
export const readByZod: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = 'body' }) => {
  const part = parts[httpPart] ?? httpPart
  return (data: unknown) => {
    const result = schema.safeParse(data, { error: missing })
    if (result.success) return { value: result.data }
    return { error: invalid(result.error.issues.flatMap((issue) => fieldErrors([part], issue))) }
  }
}

/** "expected string, received undefined" in plain words; what a schema says itself goes first. */
function missing(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type' || (issue.input !== undefined && issue.input !== null)) return undefined
  return `is missing: must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
}

/** Answers are typed where they are made; checking them again here could only turn a done write into a 500. */
export const writeAsJson: FastifySerializerCompiler<unknown> = () => (data) => JSON.stringify(data)

function fieldErrors(before: readonly PropertyKey[], issue: z.core.$ZodIssue): FieldError[] {
  const path = [...before, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: 'is not a known field' }))
  }
  if (issue.code === 'invalid_union') return unionErrors(path, issue.errors)
  return [{ path: dotted(path), message: issue.message }]
}

/** What is wrong with the form that the sender most likely meant: the one with the fewest errors. */
function unionErrors(path: readonly PropertyKey[], forms: readonly z.core.$ZodIssue[][]): FieldError[] {
  const fewest = Math.min(...forms.map((issues) => issues.length))
  const nearest = forms.filter((issues) => issues.length === fewest)
  const [only] = nearest
  if (only !== undefined && nearest.length === 1) return only.flatMap((issue) => fieldErrors(path, issue))
  const asked = new Set(nearest.flatMap((issues) => issues.flatMap((issue) => issue.path.slice(0, 1).map(String))))
  const message =
    asked.size > 0 ? `must have exactly one of: ${[...asked].join(', ')}` : 'does not fit any allowed form'
  return [{ path: dotted(path), message }]
}

const dotted = (path: readonly PropertyKey[]): string => path.map(String).join('.')
