/** The fields that a newsroom sends of a post, as rows of a table. */
import { z } from 'zod'
import { NewPost, PostEdit } from '../../src/wire/post.ts'

type Field = keyof NewPost | keyof PostEdit

const notes: Readonly<Record<Field, string>> = {
  headline: 'plain text, one line',
  body: 'the text; without it the post is a headline only',
  authors: 'who wrote it',
  sources: 'where the report comes from',
  media:
    'pictures by their addresses; `alt` is for readers who cannot see them, and empty if the picture only decorates',
  tags: 'words to filter by, none twice',
  keyEvent: 'whether the post is listed among the key events',
  breaking: 'whether it is breaking news',
  verification: 'how sure the newsroom is',
  sensitivity: 'a warning that readers are shown before the post',
  eventTime: 'when it happened, if that is not when it was published',
  correction: 'a note that is added to the corrections of the post; `kind` is `correction` if it is left out',
}

type Schema = z.core.JSONSchema.BaseSchema

export const postFieldColumns = ['field', 'value', 'publish', 'edit', 'what it is'] as const

export function postFieldRows(): string[][] {
  const published = new Fields(NewPost)
  const edited = new Fields(PostEdit)
  return Object.entries(notes).map(([name, note]) => {
    const fields = published.schemaOf(name) === undefined ? edited : published
    const schema = fields.schemaOf(name)
    if (schema === undefined) throw new Error(`No schema has the field ${name}`)
    return [`\`${name}\``, fields.valueOf(schema), publishRule(published.schemaOf(name)), editRule(edited, name), note]
  })
}

function publishRule(schema: Schema | undefined): string {
  if (schema === undefined) return 'no'
  return schema.default === undefined ? 'optional' : `default \`${JSON.stringify(schema.default)}\``
}

function editRule(edited: Fields, name: string): string {
  const schema = edited.schemaOf(name)
  if (schema === undefined) return 'no'
  if (name === 'correction') return 'adds one'
  return edited.isNullable(schema) ? 'replaces it; `null` clears it' : 'replaces it'
}

/** The schema of a request, as JSON Schema says it. */
class Fields {
  readonly #properties: Readonly<Record<string, unknown>>
  readonly #definitions: Readonly<Record<string, unknown>>

  constructor(schema: z.ZodType) {
    const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
    this.#definitions = whole.$defs ?? {}
    this.#properties = this.#resolved(whole).properties ?? {}
  }

  schemaOf(name: string): Schema | undefined {
    return this.#properties[name] as Schema | undefined
  }

  isNullable(schema: Schema): boolean {
    return this.#choices(schema).some(({ type }) => type === 'null')
  }

  /** The value in a few words: its type, its parts and its limits. */
  valueOf(given: Schema): string {
    const schema = this.#resolved(given)
    const choices = this.#choices(schema).filter(({ type }) => type !== 'null')
    if (choices.length > 1) return choices.map((choice) => this.valueOf(choice)).join(' or ')
    const [only = schema] = choices
    if (only !== schema) return this.valueOf(only)
    if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
    if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
    if (schema.type === 'array') return `up to ${schema.maxItems} of: ${this.valueOf(schema.items as Schema)}`
    if (schema.type === 'object') return this.#partsOf(schema)
    if (schema.type === 'string') return this.#textOf(schema)
    return schema.type === 'integer' ? 'whole number' : String(schema.type)
  }

  #partsOf({ required = [], properties = {} }: Schema): string {
    const parts = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
    return `\`{ ${parts.join(', ')} }\``
  }

  #textOf({ format, maxLength, minLength }: Schema): string {
    if (format === 'date-time') return 'time (RFC 3339)'
    if (maxLength === undefined) return 'text'
    return `text of ${minLength ?? 0} to ${maxLength.toLocaleString('en-US')} characters`
  }

  #choices(schema: Schema): Schema[] {
    return (schema.anyOf ?? schema.oneOf ?? [schema]) as Schema[]
  }

  #resolved(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : ((this.#definitions[name] ?? schema) as Schema)
  }
}
