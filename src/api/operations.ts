interface Parameter {
  readonly in: string
  readonly name: string
  readonly schema?: Readonly<Record<string, unknown>>
}

interface Answer {
  readonly description: string
  readonly headers?: object
  readonly content?: object
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly responses: Readonly<Record<string, Answer>>
}

/** The operations as clients need them told. */
export function withPlainOperations<D extends object>(document: D): D {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Operation>> }
  const plain = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, withFreshness(withPlainParameters(operation))]),
    ),
  ])
  return { ...document, paths: Object.fromEntries(plain) }
}

/** Header parameters as people write them, `If-Match`: Node.js and so the schemas know them in lower case only. */
function withPlainParameters(operation: Operation): Operation {
  if (operation.parameters === undefined) return operation
  const parameters = operation.parameters.map((parameter) => ({
    ...parameter,
    ...(parameter.in === 'header' ? { name: headerCase(parameter.name) } : {}),
    ...(parameter.schema === undefined ? {} : { schema: withoutEmpty(parameter.schema) }),
  }))
  return { ...operation, parameters }
}

function headerCase(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()).replace(/-Id$/, '-ID')
}

/** A parameter that may be empty is told by its one other form: nobody has to send it empty. */
function withoutEmpty(schema: Readonly<Record<string, unknown>>) {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf)) return schema
  const [only, ...others] = anyOf.filter((form: { const?: unknown }) => form.const !== '')
  if (others.length > 0) return schema
  const { examples: _, ...form } = only as Record<string, unknown>
  return { ...rest, ...form }
}

/** What takes If-None-Match can answer 304, with the headers of the answer that still holds (RFC 9110, 15.4.5). */
function withFreshness(operation: Operation): Operation {
  const { parameters = [], responses } = operation
  const { headers } = responses['200'] ?? {}
  if (!parameters.some(({ name }) => name === 'If-None-Match') || headers === undefined) return operation
  return {
    ...operation,
    responses: { ...responses, 304: { description: 'What the client has still holds. There is no body.', headers } },
  }
}
