import type { z } from 'zod'

export interface FieldError {
  /** Part of the request and the way to the field, such as `body.authors.0.name` or `query.limit`. */
  readonly path: string
  readonly message: string
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: FieldError[] }

/** Reads a value by its schema, or says of each field what is wrong. Paths begin with `part`, where that is not empty. */
export function parse<T>(schema: z.ZodType<T>, data: unknown, part = ''): Parsed<T> {
  const result = schema.safeParse(data, { error: missing })
  if (result.success) return { ok: true, value: result.data }
  const before = part === '' ? [] : [part]
  return { ok: false, errors: result.error.issues.flatMap((issue) => fieldErrors(before, issue)) }
}

/** "expected string, received undefined" in plain words; what a schema says itself goes first. */
function missing(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type' || (issue.input !== undefined && issue.input !== null)) return undefined
  return `is missing: must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
}

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
