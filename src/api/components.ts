type Components = Record<string, unknown>

const prefix = '#/components/schemas/'
const reference = /"\$ref":"#\/components\/schemas\/([^"]+)"/g

/**
 * Gives each component the name of its zod schema, `NewPost` rather than `NewPostInput`, and drops those that nothing
 * refers to: the transform makes one for requests and one for answers of every schema, used or not. Where both are used
 * and differ, the one for requests keeps its `Input`.
 */
export function withPlainNames<D extends object>(document: D): D {
  const { components = {} } = document as { components?: { schemas?: Components } }
  const all = components.schemas ?? {}
  const used = reachable({ ...document, components: {} }, all)
  const names = new Map([...used].map((name) => [name, plainName(name, all, used)]))
  const schemas = Object.fromEntries(
    [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, plain]) => [plain, all[name]]),
  )
  const text = JSON.stringify({ ...document, components: { ...components, schemas } })
  return JSON.parse(
    text.replaceAll(reference, (_, name: string) => `"$ref":"${prefix}${names.get(name) ?? name}"`),
  ) as D
}

function plainName(name: string, all: Components, used: ReadonlySet<string>): string {
  const plain = name.replace(/Input$/, '')
  if (plain === name || !(plain in all)) return name
  const same = JSON.stringify(all[plain]) === JSON.stringify(all[name])
  return used.has(plain) && !same ? name : plain
}

function reachable(start: object, all: Components): Set<string> {
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

interface Parameter {
  readonly in: string
  readonly name: string
}

interface Operation {
  readonly parameters?: readonly Parameter[]
}

/** Header parameters as people write them, `If-Match`: Node.js and so the schemas know them in lower case only. */
export function withHeaderCase<D extends object>(document: D): D {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Operation>> }
  const cased = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, withCase(operation)])),
  ])
  return { ...document, paths: Object.fromEntries(cased) }
}

function withCase(operation: Operation): Operation {
  if (operation.parameters === undefined) return operation
  const parameters = operation.parameters.map((parameter) =>
    parameter.in === 'header' ? { ...parameter, name: headerCase(parameter.name) } : parameter,
  )
  return { ...operation, parameters }
}

function headerCase(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()).replace(/-Id$/, '-ID')
}
