/**
 * Finds what a bundle uses of the browser that the oldest browsers may lack, and does not look first whether it is there.
 * Names alone are known, not types: a member counts if every interface that has it is too new, and not if the bundle
 * itself defines one of that name. What that leaves open, a test finds that runs the pages without all that is too new.
 */
import { parseRegExpLiteral, visitRegExpAST } from '@eslint-community/regexpp'
import { parseSync } from 'oxc-parser'
import type { Compat } from './compat.ts'
import { isGuarded, isInTry } from './guards.ts'
import { type Path, Scopes, type SyntaxNode, walk } from './syntax.ts'

/** These throw where a site may store nothing, as in some private windows. */
const throwing: readonly string[] = ['localStorage', 'sessionStorage', 'indexedDB']

interface Use {
  /** Such as `AbortSignal.any`, `.toSorted()` or `signal of addEventListener()`. */
  readonly api: string
  readonly why: string
  readonly offset: number
}

/** `fields` are names of members of our own data, which the bundle only reads. */
export function findUses(text: string, compat: Compat, fields: ReadonlySet<string> = new Set()): Use[] {
  const { program, errors } = parseSync('bundle.js', text)
  if (errors.length > 0) throw new Error(`The bundle can not be parsed: ${errors[0]?.message}`)
  const finder = new Finder(compat, program as unknown as SyntaxNode, fields)
  return finder.find()
}

class Finder {
  readonly #compat: Compat
  readonly #program: SyntaxNode
  readonly #scopes: Scopes
  readonly #ownMembers: ReadonlySet<string>
  readonly #found: Use[] = []

  constructor(compat: Compat, program: SyntaxNode, fields: ReadonlySet<string>) {
    this.#compat = compat
    this.#program = program
    this.#scopes = new Scopes(program)
    this.#ownMembers = new Set([...fields, ...membersDefinedIn(program)])
  }

  find(): Use[] {
    walk(this.#program, (node, path) => {
      if (node.type === 'Identifier') this.#identifier(node, path)
      else if (node.type === 'MemberExpression') this.#member(node, path)
      else if (node.type === 'CallExpression' || node.type === 'NewExpression') this.#options(node, path)
      else if (node.type === 'Literal') this.#pattern(node)
      if (node.type === 'NewExpression') this.#madePattern(node, path)
    })
    return this.#found
  }

  #identifier(node: SyntaxNode, path: Path): void {
    const { name } = node
    if (name === undefined || !this.#scopes.isGlobal(node, path)) return
    if (throwing.includes(name) && !isInTry(path)) this.#add(name, 'throws if the site may store nothing', node)
    const feature = this.#compat.global(name)
    const lacking = this.#compat.lacking(feature)
    const isMade = path.at(-1)?.type === 'NewExpression' && path.at(-1)?.['callee'] === node
    if (isMade) lacking.push(...this.#compat.lacking(this.#compat.constructorOf(name)))
    this.#report(name, [name], lacking, this.#compat.needsTls(feature), node, path)
  }

  #member(node: SyntaxNode, path: Path): void {
    const property = node['property'] as SyntaxNode
    const name = node['computed'] === true ? property['value'] : property.name
    if (typeof name !== 'string' || property.type === 'PrivateIdentifier' || isAssigned(node, path)) return
    const object = node['object'] as SyntaxNode
    const isCalled = path.at(-1)?.type === 'CallExpression' && path.at(-1)?.['callee'] === node
    if (object.name !== undefined && this.#scopes.isGlobal(object, [...path, node])) {
      const feature = this.#compat.memberOfGlobal(object.name, name)
      if (feature !== undefined) {
        const api = `${object.name}.${name}`
        this.#report(api, [name], this.#compat.lacking(feature), this.#compat.needsTls(feature), node, path)
        return
      }
    }
    if (this.#ownMembers.has(name)) return
    const { lacking, builtin } = this.#compat.member(name)
    // Objects of the language have methods. What is only read by such a name is a field of our own data.
    if (builtin && !isCalled) return
    this.#report(`.${name}`, [name], lacking, false, node, path)
  }

  /** Options that an older browser ignores, so that the call does something else. */
  #options(node: SyntaxNode, path: Path): void {
    const callee = node['callee'] as SyntaxNode
    const isNew = node.type === 'NewExpression'
    const named = isNew ? callee : (callee['property'] as SyntaxNode | undefined)
    const name = named?.name
    if (name === undefined || (!isNew && this.#ownMembers.has(name))) return
    for (const given of node['arguments'] as SyntaxNode[]) {
      if (given.type !== 'ObjectExpression') continue
      for (const property of given['properties'] as SyntaxNode[]) {
        const option = (property['key'] as SyntaxNode | undefined)?.name
        if (option === undefined) continue
        const lacking = isNew ? this.#compat.optionOfConstructor(name, option) : this.#compat.option(name, option)
        this.#report(`${option} of ${name}()`, [], lacking, false, property, path)
      }
    }
  }

  #pattern(node: SyntaxNode): void {
    const regex = node['regex'] as { pattern: string; flags: string } | undefined
    if (regex !== undefined) this.#patternParts(regex.pattern, regex.flags, node)
  }

  /** esbuild makes such a call of a literal that is too new: it would throw when it is run. */
  #madePattern(node: SyntaxNode, path: Path): void {
    const { name } = node['callee'] as SyntaxNode
    const [pattern, flags] = (node['arguments'] as SyntaxNode[]).map((given) => given['value'])
    if (name !== 'RegExp' || typeof pattern !== 'string') return
    if (this.#scopes.isGlobal(node['callee'] as SyntaxNode, [...path, node])) {
      this.#patternParts(pattern, typeof flags === 'string' ? flags : '', node)
    }
  }

  #patternParts(pattern: string, flags: string, node: SyntaxNode): void {
    const parts = new Set<string>()
    const flagMembers = { s: 'dotAll', d: 'hasIndices', v: 'unicodeSets', y: 'sticky', u: 'unicode' } as const
    for (const [flag, member] of Object.entries(flagMembers)) {
      if (!flags.includes(flag)) continue
      const lacking = this.#compat.lacking(this.#compat.memberOfGlobal('RegExp', member))
      if (lacking.length > 0)
        this.#add(`the flag ${flag} of /${pattern}/${flags}`, `is not in ${lacking.join(', ')}`, node)
    }
    visitRegExpAST(parseRegExpLiteral(new RegExp(pattern, flags)), {
      onAssertionEnter: ({ kind }) => void (kind === 'lookbehind' && parts.add('lookbehind_assertion')),
      onCapturingGroupEnter: ({ name: group }) => void (group !== null && parts.add('named_capturing_group')),
      onBackreferenceEnter: ({ ref }) => void (typeof ref === 'string' && parts.add('named_backreference')),
      onCharacterSetEnter: ({ kind }) => void (kind === 'property' && parts.add('unicode_character_class_escape')),
      onModifiersEnter: () => void parts.add('modifier'),
    })
    for (const part of parts) {
      const lacking = this.#compat.pattern(part)
      if (lacking.length > 0) this.#add(`${part} of /${pattern}/`, `is not in ${lacking.join(', ')}`, node)
    }
  }

  #report(
    api: string,
    names: readonly string[],
    lacking: readonly string[],
    needsTls: boolean,
    node: SyntaxNode,
    path: Path,
  ): void {
    if (lacking.length === 0 && !needsTls) return
    if (names.some((name) => isGuarded(name, node, path))) return
    this.#add(
      api,
      lacking.length > 0 ? `is not in ${[...new Set(lacking)].join(', ')}` : 'is only there on pages with TLS',
      node,
    )
  }

  #add(api: string, why: string, node: SyntaxNode): void {
    this.#found.push({ api, why, offset: node.start })
  }
}

function isAssigned(node: SyntaxNode, path: Path): boolean {
  const parent = path.at(-1)
  return parent?.type === 'AssignmentExpression' && parent['left'] === node
}

/** Names of methods, fields and properties that code gives to objects and classes of its own. */
export function membersDefinedIn(program: SyntaxNode): Set<string> {
  const names = new Set<string>()
  walk(program, (node, path) => {
    if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition' || isMember(node, path)) {
      const key = node['key'] as SyntaxNode
      const name = key.name ?? key['value']
      if (typeof name === 'string') names.add(name)
    } else if (node.type === 'MemberExpression' && isAssigned(node, path)) {
      const { name } = node['property'] as SyntaxNode
      if (name !== undefined) names.add(name)
    }
  })
  return names
}

/** A property of an object that is made, not of one that is taken apart. */
function isMember(node: SyntaxNode, path: Path): boolean {
  return node.type === 'Property' && path.at(-1)?.type === 'ObjectExpression'
}
