import { join } from 'node:path'
import { API, type Checker, type Program, SymbolFlags, type Type, TypeFlags } from 'typescript/unstable/sync'

/** The plain form of a type, such as `{ id: PostId; tags: string[] }`, and the types of schemas that it names. */
export interface PlainType {
  readonly text: string
  readonly doc: string
  readonly names: readonly string[]
}

/** A property or a type of our own is named in the text; more levels than these would be a type without an end. */
const depthMax = 10

/**
 * Writes the types that are inferred from zod's schemas without zod, as the compiler sees them, with the comments of the
 * schemas' fields. Brands are left out: they keep this code from mixing up texts, and users of the package could not make
 * a value that has one.
 */
export class SchemaTypes {
  readonly #api: API
  readonly #program: Program
  readonly #checker: Checker
  /** Ids of types, and the names under which files export them. */
  readonly #names = new Map<number, string>()

  constructor(config: string) {
    this.#api = new API({ cwd: join(config, '..') })
    const project = this.#api.updateSnapshot({ openProjects: [config] }).getProject(config)
    if (project === undefined) throw new Error(`${config} is no project`)
    this.#program = project.program
    this.#checker = project.checker
  }

  close(): void {
    this.#api.close()
  }

  /** Makes the type known by its name, so that types in which it stands name it. */
  name(path: string, name: string): void {
    const type = this.#checker.getDeclaredTypeOfSymbol(this.#symbol(path, name))
    // An alias of a bare text or number is the same type as all of these.
    const isOwn = (type.flags & (TypeFlags.Object | TypeFlags.UnionOrIntersection)) !== 0
    if (isOwn && !this.#names.has(type.id)) this.#names.set(type.id, name)
  }

  plain(path: string, name: string): PlainType {
    const symbol = this.#symbol(path, name)
    const names = new Set<string>()
    const text = this.#write(this.#checker.getDeclaredTypeOfSymbol(symbol), names, 0, name)
    return { text, doc: this.#checker.getDocumentationCommentOfSymbol(symbol), names: [...names] }
  }

  #symbol(path: string, name: string) {
    const file = this.#program.getSourceFile(path)
    const module = file === undefined ? undefined : this.#checker.getSymbolAtLocation(file)
    const symbol = module === undefined ? undefined : this.#checker.getMemberInModuleExports(module, name)
    if (symbol === undefined) throw new Error(`${path} exports no ${name}`)
    return symbol
  }

  /** `own` is the name of the type that is being declared, which must not stand for itself. */
  #write(type: Type, names: Set<string>, depth: number, own?: string): string {
    if (depth > depthMax) throw new Error(`The type is more than ${depthMax} levels deep`)
    const known = this.#names.get(type.id)
    if (known !== undefined && known !== own) {
      names.add(known)
      return known
    }
    if (type.isUnionType()) return this.#union(type.getTypes(), names, depth)
    if (type.isIntersectionType()) {
      const [bare, ...others] = type.getTypes().filter((part) => !this.#isBrand(part))
      if (bare === undefined || others.length > 0)
        throw new Error(`No plain form of ${this.#checker.typeToString(type)}`)
      return this.#write(bare, names, depth)
    }
    if ((type.flags & TypeFlags.Object) === 0) return this.#checker.typeToString(type)
    if (this.#checker.isArrayType(type) && type.isTypeReference()) {
      const [item] = this.#checker.getTypeArguments(type)
      if (item === undefined) throw new Error(`No plain form of ${this.#checker.typeToString(type)}`)
      const text = this.#write(item, names, depth)
      return /^\w+$/.test(text) ? `${text}[]` : `Array<${text}>`
    }
    return this.#object(type, names, depth)
  }

  #union(types: readonly Type[], names: Set<string>, depth: number): string {
    const texts = types.map((type) => this.#write(type, names, depth))
    const both = ['true', 'false'].every((text) => texts.includes(text))
    const plain = both ? ['boolean', ...texts.filter((text) => text !== 'true' && text !== 'false')] : texts
    // What an optional property may lack is told last, as people write it.
    return [...plain.filter((text) => text !== 'undefined'), ...plain.filter((text) => text === 'undefined')].join(
      ' | ',
    )
  }

  #object(type: Type, names: Set<string>, depth: number): string {
    const indent = '  '.repeat(depth + 1)
    const lines = this.#checker.getPropertiesOfType(type).map((property) => {
      const of = this.#checker.getTypeOfSymbol(property)
      if (of === undefined) throw new Error(`The type of ${property.name} is not known`)
      const mark = (property.flags & SymbolFlags.Optional) !== 0 ? '?' : ''
      const doc = docComment(this.#checker.getDocumentationCommentOfSymbol(property), indent)
      return `${doc}${indent}${property.name}${mark}: ${this.#write(of, names, depth + 1)}\n`
    })
    for (const { keyType, valueType } of this.#checker.getIndexInfosOfType(type)) {
      const key = this.#checker.typeToString(keyType)
      lines.push(`${indent}[more: ${key}]: ${this.#write(valueType, names, depth + 1)}\n`)
    }
    return `{\n${lines.join('')}${'  '.repeat(depth)}}`
  }

  #isBrand(type: Type): boolean {
    return this.#checker.typeToString(type).startsWith('$brand<')
  }
}

/** The text as a comment in front of what it describes; nothing if there is none. */
export function docComment(text: string, indent = ''): string {
  if (text === '') return ''
  const lines = text.split('\n')
  if (lines.length === 1) return `${indent}/** ${text} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}
