/**
 * Makes `current` like `fresh`, and leaves every node alone that is alike already: a reader's focus, selection, loaded
 * pictures and opened details in the unchanged part of a post survive its edit.
 */
export function morph(current: Element, fresh: Element): void {
  morphAttributes(current, fresh)
  const old = [...current.childNodes]
  const due = [...fresh.childNodes]
  while (alike(old[0], due[0])) {
    old.shift()
    due.shift()
  }
  let boundary: ChildNode | null = null
  while (alike(old.at(-1), due.at(-1))) {
    boundary = old.pop() ?? null
    due.pop()
  }
  for (const node of due) {
    // The space between two elements is not worth passing over one of them.
    const within = node instanceof Element ? old : old.slice(0, 1)
    const match = within.findIndex((candidate) => kindOf(candidate) === kindOf(node))
    if (match === -1) {
      current.insertBefore(node, old[0] ?? boundary)
      continue
    }
    for (const passed of old.splice(0, match)) passed.remove()
    const kept = old.shift()
    if (kept instanceof Element && node instanceof Element) morph(kept, node)
    else kept?.replaceWith(node)
  }
  for (const rest of old) rest.remove()
}

function alike(a: Node | undefined, b: Node | undefined): boolean {
  return a !== undefined && b !== undefined && a.isEqualNode(b)
}

/** Nodes of one kind may become one another: the headline a new headline, never a note the list below it. */
function kindOf(node: Node): string {
  return node instanceof Element ? `${node.nodeName}.${node.classList.item(0) ?? ''}` : node.nodeName
}

/** Set by the reader or by us for the reader, never by the renderer. */
const readersOwn = new Set(['open', 'tabindex'])

function morphAttributes(current: Element, fresh: Element): void {
  for (const name of current.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && !readersOwn.has(name)) current.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value)
  }
}
