/** Tells which methods an address takes. Fastify's router answers this for patterns only, not for the paths that come. */
export class AllowedMethods {
  readonly #byPattern = new Map<string, { readonly shape: RegExp; readonly methods: Set<string> }>()

  note(methods: string | readonly string[], pattern: string): void {
    const known = this.#byPattern.get(pattern) ?? { shape: shapeOf(pattern), methods: new Set<string>() }
    for (const method of [methods].flat()) {
      // OPTIONS is answered everywhere, by the CORS plugin's catch-all.
      if (method !== 'OPTIONS') known.methods.add(method)
    }
    if (known.methods.size > 0) this.#byPattern.set(pattern, known)
  }

  /** Methods, in the order of the alphabet; none where there is nothing at this address. */
  at(url: string): readonly string[] {
    const path = url.split('?', 1)[0] ?? ''
    const methods = new Set<string>()
    for (const known of this.#byPattern.values()) {
      if (known.shape.test(path)) for (const method of known.methods) methods.add(method)
    }
    return [...methods].sort()
  }
}

/** `/channels/:channel/*` → a channel is one segment, a star is any rest. */
function shapeOf(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+?^${}|\\[\]]/g, '\\$&')
    .replaceAll(/:[A-Za-z0-9_]+(\([^()]*\))?/g, '[^/]+')
    .replaceAll('*', '.*')
  return new RegExp(`^${source}$`)
}
