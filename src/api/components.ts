import { type Schema, type Schemas, withSchemas } from './schemas.ts'

const prefix = '#/components/schemas/'
const reference = /"\$ref":"#\/components\/schemas\/([^"]+)"/g
/** What the transform of zod puts behind the name of a schema for requests. It makes two of each: one for answers too. */
const ofRequest = /Input$/

/**
 * Names the components for those who generate clients, and drops those that nothing refers to. A request has a schema of
 * its own wherever it differs from the answer: `Author` in answers is `AuthorInput` in requests. So is `NewPost`, which
 * becomes `PostInput`: generators for Go make a function `NewPost` for the type `Post`.
 */
export function withPlainNames<D extends object>(document: D): D {
  const { components = {} } = document as { components?: { schemas?: Schemas } }
  const all = mapEntries(components.schemas ?? {}, ([name, schema]) => [
    name,
    ofRequest.test(name) ? schema : withSchemas(schema, keptOpen),
  ])
  const used = reachable({ ...document, components: {} }, all)
  const names = new Map([...used].map((name) => [name, plainName(name, all, used)]))
  const schemas: Record<string, Schema> = {}
  for (const [name, plain] of [...names].sort(([, a], [, b]) => (a < b ? -1 : 1))) {
    const schema = all[name] ?? {}
    if (schemas[plain] !== undefined && !isSame(schemas[plain], schema)) throw new Error(`Two schemas are ${plain}`)
    schemas[plain] = schema
  }
  const text = JSON.stringify({ ...document, components: { ...components, schemas } })
  return JSON.parse(
    text.replaceAll(reference, (_, name: string) => `"$ref":"${prefix}${names.get(name) ?? name}"`),
  ) as D
}

/** Bounds are for what is sent: a later version may answer with more, and a strict client would refuse all of it. */
const boundsOfRequests: ReadonlySet<string> = new Set(['minLength', 'maxLength', 'maxItems', 'maximum', 'uniqueItems'])

/** A schema of an answer without what later versions may change. */
function keptOpen(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).filter(
      ([name, value]) => !boundsOfRequests.has(name) && !(name === 'additionalProperties' && value === false),
    ),
  )
}

function plainName(name: string, all: Schemas, used: ReadonlySet<string>): string {
  const answer = name.replace(ofRequest, '')
  if (answer === name) return name
  const [, made] = /^New(.+)$/.exec(answer) ?? []
  if (made !== undefined) return `${made}Input`
  return used.has(answer) && !isSame(all[answer], all[name]) ? name : answer
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function reachable(start: object, all: Schemas): Set<string> {
  const found = new Set<string>()
  const waiting: unknown[] = [start]
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    for (const [, name = ''] of JSON.stringify(part).matchAll(reference)) {
      if (found.has(name) || !(name in all)) continue
      found.add(name)
      waiting.push(all[name])
    }
  }
  return found
}

function mapEntries(schemas: Schemas, change: (entry: [string, Schema]) => [string, Schema]): Schemas {
  return Object.fromEntries(Object.entries(schemas).map(change))
}

/** Defaults in words, and alternatives that a reader can tell apart. For a document whose components have their names. */
export function forGenerators<D extends object>(document: D): D {
  const { components = {} } = document as { components?: { schemas?: Schemas } }
  const named = components.schemas ?? {}
  const schemas = mapEntries(named, ([name, schema]) => [
    name,
    withSchemas(schema, (part) => toldDefault(exclusive(part, named))),
  ])
  return { ...document, components: { ...components, schemas } }
}

/**
 * A field that has a default may be left out. Some generators take it for one that is always there, and would have it sent;
 * so the description tells the default.
 */
function toldDefault(schema: Schema): Schema {
  if (!('default' in schema)) return schema
  const { default: preset, description, ...rest } = schema
  const told = `Default: \`${JSON.stringify(preset)}\`.`
  return { ...rest, description: typeof description === 'string' ? `${description} ${told}` : told }
}

/** Alternatives that all are components exclude each other here; where a field tells which it is, it is named. */
function exclusive(schema: Schema, named: Schemas): Schema {
  const { anyOf, oneOf = anyOf, ...rest } = schema
  if (!Array.isArray(oneOf)) return schema
  const names = oneOf.map((part: Schema) => nameOf(part))
  if (names.includes(undefined)) return schema
  const discriminator = discriminatorOf(names as string[], named)
  return { ...rest, oneOf, ...(discriminator === undefined ? {} : { discriminator }) }
}

function discriminatorOf(names: readonly string[], named: Schemas) {
  const [first = '', ...others] = names
  for (const propertyName of Object.keys(propertiesOf(named[first]))) {
    const mapping: Record<string, string> = {}
    const values = names.map((name) => valuesOf(propertiesOf(named[name])[propertyName], named))
    const all = values.flat()
    if (values.some((some) => some.length === 0) || new Set(all).size !== all.length) continue
    for (const [i, name] of [first, ...others].entries()) {
      for (const value of values[i] ?? []) mapping[value] = `${prefix}${name}`
    }
    return { propertyName, mapping }
  }
  return undefined
}

/** The only texts that a field can have; none if it can have others. */
function valuesOf(schema: Schema | undefined, named: Schemas): string[] {
  if (schema === undefined) return []
  const name = nameOf(schema)
  const { const: only, enum: some = only === undefined ? [] : [only] } =
    name === undefined ? schema : (named[name] ?? {})
  return Array.isArray(some) ? some.filter((value) => typeof value === 'string') : []
}

function propertiesOf(schema: Schema | undefined): Schemas {
  return (schema?.['properties'] ?? {}) as Schemas
}

function nameOf({ $ref }: Schema): string | undefined {
  return typeof $ref === 'string' && $ref.startsWith(prefix) ? $ref.slice(prefix.length) : undefined
}
