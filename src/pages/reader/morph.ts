/**
 * Makes `current` like `fresh`, and leaves every node alone that is alike already: a reader's focus, selection, loaded
 * pictures and opened details in the unchanged part of a post survive its edit. The work grows with the number of nodes,
 * and no faster: a post may have thousands.
 */
export function morph(current: Element, fresh: Element): void {
  morphAttributes(current, fresh)
  const old = [...current.childNodes]
  const due = [...fresh.childNodes]
  let start = 0
  while (alike(old[start], due[start])) start++
  let oldEnd = old.length
  let dueEnd = due.length
  while (oldEnd > start && dueEnd > start && alike(old[oldEnd - 1], due[dueEnd - 1])) {
    oldEnd--
    dueEnd--
  }
  const boundary = old[oldEnd] ?? null
  const places = new Places(old, start, oldEnd)
  let next = start
  for (const node of due.slice(start, dueEnd)) {
    const match = places.nextAlike(node, next)
    const kept = match === undefined ? undefined : old[match]
    if (match === undefined || kept === undefined) {
      current.insertBefore(node, next < oldEnd ? (old[next] ?? null) : boundary)
      continue
    }
    for (const passed of old.slice(next, match)) passed.remove()
    next = match + 1
    if (kept instanceof Element && node instanceof Element) morph(kept, node)
    else kept.replaceWith(node)
  }
  for (const rest of old.slice(next, oldEnd)) rest.remove()
}

/** Finds, among the old nodes that are left, the next one that may become another. */
class Places {
  readonly #old: readonly ChildNode[]
  readonly #end: number
  /** The places of elements by kind, the last one first. */
  readonly #byKind = new Map<string, number[]>()

  constructor(old: readonly ChildNode[], start: number, end: number) {
    this.#old = old
    this.#end = end
    for (let place = end - 1; place >= start; place--) {
      const node = old[place]
      if (!(node instanceof Element)) continue
      const kind = kindOf(node)
      const places = this.#byKind.get(kind)
      if (places === undefined) this.#byKind.set(kind, [place])
      else places.push(place)
    }
  }

  nextAlike(node: ChildNode, from: number): number | undefined {
    if (!(node instanceof Element)) {
      // The space between two elements is not worth passing over one of them.
      const first = from < this.#end ? this.#old[from] : undefined
      return first !== undefined && first.nodeName === node.nodeName ? from : undefined
    }
    const places = this.#byKind.get(kindOf(node)) ?? []
    const last = () => places[places.length - 1]
    for (let place = last(); place !== undefined && place < from; place = last()) places.pop()
    return last()
  }
}

function alike(a: Node | undefined, b: Node | undefined): boolean {
  return a !== undefined && b !== undefined && a.isEqualNode(b)
}

/** Nodes of one kind may become one another: the headline a new headline, never a note the list below it. */
function kindOf(element: Element): string {
  return `${element.nodeName}.${element.classList.item(0) ?? ''}`
}

/** Set by the reader or by us for the reader, never by the renderer. */
const readersOwn = new Set(['open', 'tabindex'])

export function morphAttributes(current: Element, fresh: Element): void {
  for (const name of current.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && !readersOwn.has(name)) current.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value)
  }
}
