/** Walks over the syntax of JavaScript (ESTree), and tells which names are of the browser and not of the code. */

export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly name?: string
  readonly [part: string]: unknown
}

/** The nodes around one, the outermost first. */
export type Path = readonly SyntaxNode[]

export function walk(root: SyntaxNode, visit: (node: SyntaxNode, path: Path) => void): void {
  const path: SyntaxNode[] = []
  const go = (node: SyntaxNode) => {
    visit(node, path)
    path.push(node)
    for (const child of childrenOf(node)) go(child)
    path.pop()
  }
  go(root)
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((part) => (Array.isArray(part) ? part.filter(isNode) : isNode(part) ? [part] : []))
}

function isNode(part: unknown): part is SyntaxNode {
  return typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string'
}

const functions: readonly string[] = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

/** The names that each function, and the program, declares anywhere within it. Blocks are not told apart. */
export class Scopes {
  readonly #declared = new Map<SyntaxNode, Set<string>>()

  constructor(program: SyntaxNode) {
    walk(program, (node, path) => {
      const declare = (pattern: unknown, scope = scopeOf(path)) => {
        const names = this.#declared.get(scope) ?? new Set()
        for (const name of namesIn(pattern)) names.add(name)
        this.#declared.set(scope, names)
      }
      if (node.type === 'VariableDeclarator') declare(node['id'])
      else if (node.type === 'ClassDeclaration') declare(node['id'])
      else if (node.type === 'ClassExpression') declare(node['id'])
      else if (node.type === 'CatchClause') declare(node['param'])
      else if (node.type.startsWith('Import') && node['local'] !== undefined) declare(node['local'])
      if (!functions.includes(node.type)) return
      declare(node['params'], node)
      if (node.type === 'FunctionDeclaration') declare(node['id'])
      else declare(node['id'], node)
    })
  }

  /** Whether an identifier is a use of a value that nothing in the code declares. */
  isGlobal(node: SyntaxNode, path: Path): boolean {
    if (node.name === undefined || !isReference(node, path.at(-1))) return false
    const { name } = node
    return !path.some((outer) => this.#declared.get(outer)?.has(name) === true)
  }
}

function scopeOf(path: Path): SyntaxNode {
  const scope = path.findLast(({ type }) => functions.includes(type)) ?? path[0]
  if (scope === undefined) throw new Error('A program declares nothing outside of itself.')
  return scope
}

/** The names that a pattern binds. */
function namesIn(pattern: unknown): string[] {
  if (Array.isArray(pattern)) return pattern.flatMap(namesIn)
  if (!isNode(pattern)) return []
  switch (pattern.type) {
    case 'Identifier':
      return pattern.name === undefined ? [] : [pattern.name]
    case 'ObjectPattern':
      return namesIn(pattern['properties'])
    case 'ArrayPattern':
      return namesIn(pattern['elements'])
    case 'Property':
      return namesIn(pattern['value'])
    case 'RestElement':
      return namesIn(pattern['argument'])
    case 'AssignmentPattern':
      return namesIn(pattern['left'])
    default:
      return []
  }
}

/** Not the name of a member, of a key, of a label. */
function isReference(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return true
  if (parent.type === 'MemberExpression') return parent['object'] === node || parent['computed'] === true
  if (['Property', 'MethodDefinition', 'PropertyDefinition'].includes(parent.type)) {
    return parent['value'] === node || parent['computed'] === true
  }
  return !/^(Labeled|Break|Continue)Statement$|^(Ex|Im)portSpecifier$|^MetaProperty$/.test(parent.type)
}
