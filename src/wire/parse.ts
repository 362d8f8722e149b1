import type { z } from 'zod'
import { cutText } from './cut.ts'
import { cleanText } from './text.ts'

export interface FieldError {
  /** Part of the request and the way to the field, such as `body.authors.0.name` or `query.limit`. */
  readonly path: string
  readonly message: string
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: FieldError[] }

/** Reads a value by its schema, or says of each field what is wrong. Paths begin with `part`, where that is not empty. */
export function parse<T>(schema: z.ZodType<T>, data: unknown, part = ''): Parsed<T> {
  const result = schema.safeParse(data, { error: inPlainWords })
  if (result.success) return { ok: true, value: result.data }
  const before = part === '' ? [] : [part]
  return { ok: false, errors: result.error.issues.flatMap((issue) => fieldErrors(before, issue)) }
}

/** "expected string, received undefined" and "Invalid input" in plain words; what a schema says itself goes first. */
function inPlainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_union') return 'does not fit any allowed form'
  if (issue.code !== 'invalid_type' || (issue.input !== undefined && issue.input !== null)) return undefined
  const must = `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
  return issue.input === null ? `${must}, not null` : `is missing: ${must}`
}

function fieldErrors(before: readonly PropertyKey[], issue: z.core.$ZodIssue): FieldError[] {
  const path = [...before, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...path, shown(key)]), message: 'is not a known field' }))
  }
  if (issue.code === 'invalid_union') return unionErrors(path, issue)
  return [{ path: dotted(path), message: issue.message }]
}

/** What is wrong with the form that the sender most likely meant: the one with the fewest errors. */
function unionErrors(path: readonly PropertyKey[], issue: z.core.$ZodIssueInvalidUnion): FieldError[] {
  const fewest = Math.min(...issue.errors.map((issues) => issues.length))
  const nearest = issue.errors.filter((issues) => issues.length === fewest)
  const [only] = nearest
  if (only !== undefined && nearest.length === 1) return only.flatMap((one) => fieldErrors(path, one))
  return [{ path: dotted(path), message: issue.message }]
}

/** The name of a field is the client's choice, and so is its length. */
function shown(key: string): string {
  return cutText(cleanText(key), keyCharsShown)
}

const keyCharsShown = 100
const dotted = (path: readonly PropertyKey[]): string => path.map(String).join('.')
