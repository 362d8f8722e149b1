import type { FastifySchemaCompiler, FastifySerializerCompiler, FastifyTypeProvider } from 'fastify'
import type { z } from 'zod'
import { invalid } from '../errors.ts'
import { parse } from '../wire/parse.ts'

/**
 * Types of a request's parts out of its zod schemas. Answers are not typed by theirs: most of them are bytes that the
 * log encoded once for all who ask, and a test holds them to the schemas in the OpenAPI document.
 */
export interface Typed extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: unknown
}

const parts: Readonly<Record<string, string>> = { querystring: 'query' }

/** Reads a part of a request by its zod schema, or refuses it as `invalid` with every field that is wrong. */
export const readByZod: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = 'body' }) => {
  const part = parts[httpPart] ?? httpPart
  return (data: unknown) => {
    const parsed = parse(schema, data, part)
    return parsed.ok ? { value: parsed.value } : { error: invalid(parsed.errors) }
  }
}

/** Answers are typed where they are made; checking them again here could only turn a done write into a 500. */
export const writeAsJson: FastifySerializerCompiler<unknown> = () => (data) => JSON.stringify(data)
