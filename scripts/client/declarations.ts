import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { docComment, SchemaTypes } from './schema-types.ts'

interface Declared {
  /** Without `export`, and with its comment. */
  readonly text: string
  /** The types and values that it refers to. */
  readonly names: ReadonlySet<string>
}

interface Named {
  readonly path: string
  readonly name: string
}

/** One file of declarations, as the compiler wrote it. Paths are of the source, such as `client/fold.ts`. */
interface Module {
  readonly declared: ReadonlyMap<string, readonly Declared[]>
  readonly imported: ReadonlyMap<string, Named>
  readonly exported: readonly (Named & { readonly typeOnly: boolean })[]
}

export interface Sources {
  /** Where the compiler put its declarations, with the same paths as in the source. */
  readonly emitted: string
  /** The source's folder, and its project. */
  readonly source: string
  readonly config: string
  /** The module whose exports are the package's. */
  readonly entry: string
}

/**
 * All declarations that the entry's exports need, in one text that imports nothing: one file serves each module
 * resolution. Throws if a type needs a package, or if two modules have different things under one name.
 */
export function bundleDeclarations({ emitted, source, config, entry }: Sources): string {
  const schemas = new SchemaTypes(config)
  try {
    const bundle = new Bundle((path) => readModule(emitted, path), schemas, source)
    return bundle.of(entry)
  } finally {
    schemas.close()
  }
}

class Bundle {
  readonly #read: (path: string) => Module
  readonly #schemas: SchemaTypes
  readonly #source: string
  readonly #modules = new Map<string, Module>()
  /** The texts of what is declared, by name, with the path of the module that it is from. */
  readonly #taken = new Map<string, { readonly path: string; readonly text: string }>()
  readonly #waiting: Named[] = []
  /** Where the types of schemas are. */
  readonly #schemaPaths = new Map<string, string>()

  constructor(read: (path: string) => Module, schemas: SchemaTypes, source: string) {
    this.#read = read
    this.#schemas = schemas
    this.#source = source
  }

  of(entry: string): string {
    const { exported } = this.#module(entry)
    for (const named of exported) this.#take(named)
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#declare(next)
    const names = exported.map(({ name, typeOnly }) => `${typeOnly ? 'type ' : ''}${name}`).toSorted()
    const texts = [...this.#taken.values()].map(({ text }) => text)
    return `${texts.join('\n\n')}\n\nexport { ${names.join(', ')} }\n`
  }

  #module(path: string): Module {
    const known = this.#modules.get(path)
    if (known !== undefined) return known
    const module = this.#read(path)
    this.#modules.set(path, module)
    // Those that it imports come first, so that a type is called by the name that its own module gives it.
    for (const { path: from } of [...module.imported.values(), ...module.exported]) {
      if (from.endsWith('.ts')) this.#module(from)
    }
    for (const name of module.declared.keys()) {
      if (!isOfSchema(module, name)) continue
      this.#schemas.name(posix.join(this.#source, path), name)
      this.#schemaPaths.set(name, path)
    }
    return module
  }

  #take(named: Named): void {
    const taken = this.#taken.get(named.name)
    if (taken !== undefined) {
      if (taken.path !== named.path) throw new Error(`${named.name} is in ${taken.path} and in ${named.path}`)
      return
    }
    this.#taken.set(named.name, { path: named.path, text: '' })
    this.#waiting.push(named)
  }

  #declare({ path, name }: Named): void {
    const module = this.#module(path)
    if (isOfSchema(module, name)) {
      const { text, doc, names } = this.#schemas.plain(posix.join(this.#source, path), name)
      this.#taken.set(name, { path, text: `${docComment(doc)}type ${name} = ${text}` })
      for (const used of names) this.#take({ path: this.#schemaPaths.get(used) ?? path, name: used })
      return
    }
    const found = module.declared.get(name)
    if (found === undefined) throw new Error(`${path} declares no ${name}`)
    this.#taken.set(name, { path, text: found.map(({ text }) => text).join('\n') })
    for (const used of new Set(found.flatMap(({ names }) => [...names]))) {
      const from = module.imported.get(used)
      if (from !== undefined) {
        if (!from.path.endsWith('.ts')) throw new Error(`${name} of ${path} needs the package ${from.path}`)
        this.#take(from)
      } else if (used !== name && module.declared.has(used)) this.#take({ path, name: used })
    }
  }
}

/** Whether it is `type Post = z.infer<typeof Post>`. */
function isOfSchema({ declared }: Module, name: string): boolean {
  return (declared.get(name) ?? []).some(({ text }) => /^type \w+ = z\.infer</m.test(text))
}

function readModule(emitted: string, path: string): Module {
  const file = posix.join(emitted, path.replace(/\.ts$/, '.d.ts'))
  const text = readFileSync(file, 'utf8')
  const { program, comments, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const declared = new Map<string, Declared[]>()
  const imported = new Map<string, Named>()
  const exported: Module['exported'][number][] = []
  const from = (name: string) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name)
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration') {
      for (const specifier of statement.specifiers) {
        const { local } = specifier
        const name = 'imported' in specifier && 'name' in specifier.imported ? specifier.imported.name : local.name
        imported.set(local.name, { path: from(statement.source.value), name })
      }
    } else if (statement.type === 'ExportNamedDeclaration' && statement.source !== null) {
      for (const { local, exported: as, exportKind } of statement.specifiers) {
        if (!('name' in local && 'name' in as && local.name === as.name)) throw new Error(`${file} renames an export`)
        const typeOnly = statement.exportKind === 'type' || exportKind === 'type'
        exported.push({ path: from(statement.source.value), name: local.name, typeOnly })
      }
    } else {
      const part = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
      if (part === null) continue
      const { start, end } = part
      // The comment that ends where the statement begins, with nothing but white space between them.
      const before = comments.findLast((comment) => comment.end <= statement.start)
      const isDoc = before?.type === 'Block' && before.value.startsWith('*')
      const near = isDoc && text.slice(before.end, statement.start).trim() === ''
      const doc = near ? `${text.slice(before.start, before.end)}\n` : ''
      const whole = `${doc}${text.slice(start, end)}`
      for (const name of namesDeclaredBy(part)) {
        declared.set(name, [...(declared.get(name) ?? []), { text: whole, names: referencesIn(whole) }])
      }
    }
  }
  return { declared, imported, exported }
}

type Statement = ReturnType<typeof parseSync>['program']['body'][number]

function namesDeclaredBy(part: Statement): string[] {
  if (part.type === 'VariableDeclaration') {
    return part.declarations.flatMap(({ id }) => ('name' in id ? [id.name] : []))
  }
  return 'id' in part && part.id !== null && part.id.type === 'Identifier' ? [part.id.name] : []
}

function referencesIn(text: string): Set<string> {
  const names = new Set<string>()
  const add = (node: { readonly type: string }): void => {
    if ('name' in node && typeof node.name === 'string') names.add(node.name)
    // Of `z.core.Brand` the first part is what is imported.
    else if ('left' in node) add(node.left as { readonly type: string })
  }
  const { program } = parseSync('declaration.d.ts', text)
  new Visitor({
    TSTypeReference: ({ typeName }) => add(typeName),
    TSTypeQuery: ({ exprName }) => add(exprName),
    TSInterfaceHeritage: ({ expression }) => add(expression),
    ClassDeclaration: ({ superClass }) => {
      if (superClass !== null) add(superClass)
    },
  }).visit(program)
  return names
}
