/** Whether code looks first if a part of the browser is there, before it uses it. */
import { type Path, type SyntaxNode, walk } from './syntax.ts'

/** Whether the use of `name` is itself a question, or is only reached if one that names it was answered. */
export function isGuarded(name: string, node: SyntaxNode, path: Path): boolean {
  if (isQuestion(node, path)) return true
  const around = [...path, node]
  return path.some((outer, depth) => {
    const inner = around[depth + 1]
    if (outer.type === 'IfStatement' || outer.type === 'ConditionalExpression') {
      return outer['test'] !== inner && mentions(outer['test'], name)
    }
    if (outer.type === 'LogicalExpression') return outer['right'] === inner && mentions(outer['left'], name)
    if (outer.type === 'BlockStatement' || outer.type === 'Program') return leftBefore(outer, inner, name)
    return false
  })
}

/** `typeof x`, `x?.y`, `x?.()`, `x ?? y`, `x !== undefined`, `if (x)`, `!x`. */
function isQuestion(node: SyntaxNode, path: Path): boolean {
  const parent = path.at(-1)
  if (parent === undefined) return false
  switch (parent.type) {
    case 'UnaryExpression':
      return parent['operator'] === 'typeof' || parent['operator'] === '!'
    case 'MemberExpression':
      return parent['object'] === node && parent['optional'] === true
    case 'CallExpression':
      return parent['callee'] === node && parent['optional'] === true
    case 'LogicalExpression':
      return parent['left'] === node
    case 'BinaryExpression':
      return /^[!=]==?$|^in$|^instanceof$/.test(String(parent['operator']))
    case 'IfStatement':
    case 'ConditionalExpression':
      return parent['test'] === node
    default:
      return false
  }
}

/** Whether a statement before this one asks for `name`, and leaves if the answer is no. */
function leftBefore(block: SyntaxNode, inner: SyntaxNode | undefined, name: string): boolean {
  const statements = block['body'] as SyntaxNode[]
  const before = statements.slice(0, inner === undefined ? 0 : statements.indexOf(inner))
  return before.some((one) => {
    if (one.type !== 'IfStatement' || !mentions(one['test'], name)) return false
    const taken = one['consequent'] as SyntaxNode
    const last = taken.type === 'BlockStatement' ? (taken['body'] as SyntaxNode[]).at(-1) : taken
    return last !== undefined && /^(Return|Throw|Continue|Break)Statement$/.test(last.type)
  })
}

function mentions(test: unknown, name: string): boolean {
  let found = false
  walk(test as SyntaxNode, (node) => {
    if (node.name === name || node['value'] === name) found = true
  })
  return found
}

/** Whether what it throws is caught in the same function. */
export function isInTry(path: Path): boolean {
  const within = path.findLastIndex(({ type }) => /Function|ArrowFunction/.test(type))
  return path.some((outer, depth) => {
    return (
      depth > within && outer.type === 'TryStatement' && outer['handler'] !== null && path[depth + 1] === outer['block']
    )
  })
}
