/** A JSON Schema, as data. */
export type Schema = Readonly<Record<string, unknown>>
export type Schemas = Readonly<Record<string, Schema>>

const listsOfSchemas: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf'])

/** Changes a schema, and before it each schema within it. A property that is called as a keyword is, is no keyword. */
export function withSchemas(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const inner = Object.entries(schema).map(([name, value]) => {
    if (name === 'properties') {
      const properties = Object.entries(value as Schemas).map(([key, part]) => [key, withSchemas(part, change)])
      return [name, Object.fromEntries(properties)]
    }
    if (name === 'items') return [name, withSchemas(value as Schema, change)]
    if (listsOfSchemas.has(name)) return [name, (value as Schema[]).map((part) => withSchemas(part, change))]
    return [name, value]
  })
  return change(Object.fromEntries(inner))
}
