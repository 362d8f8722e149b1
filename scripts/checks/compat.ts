/**
 * Which APIs some browser does not have, by MDN's compatibility data. APIs are known by three kinds of keys: a global
 * (`structuredClone`), a static member (`AbortSignal.any`), and a member of instances (`Array.prototype.at`).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Statement {
  readonly version_added: string | boolean | null
  readonly version_removed?: string | boolean | null
  readonly flags?: unknown
  readonly prefix?: string
  readonly alternative_name?: string
}

/** A feature of MDN's data, with the features below it. */
interface Feature {
  readonly __compat?: { readonly support: Readonly<Record<string, Statement | readonly Statement[]>> }
  readonly [below: string]: unknown
}

interface CompatData {
  readonly api: Readonly<Record<string, Feature>>
  readonly javascript: {
    readonly builtins: Readonly<Record<string, Feature>>
    readonly regular_expressions: Readonly<Record<string, Feature>>
  }
}

/** The oldest versions that code must run in, by MDN's names of browsers. */
type Oldest = Readonly<Record<string, string>>

export function readCompatData(): CompatData {
  const path = fileURLToPath(import.meta.resolve('@mdn/browser-compat-data'))
  const data: CompatData = JSON.parse(readFileSync(path, 'utf8'))
  return data
}

/**
 * MDN has other names than esbuild, and tells browsers on phones apart. Firefox on Android had no version from 69 to 78.
 */
export function oldestByMdnNames(
  oldest: Readonly<Record<'chrome' | 'edge' | 'firefox' | 'safari' | 'ios', string>>,
): Oldest {
  const { chrome, edge, firefox, safari, ios } = oldest
  const mobileFirefox = String(Math.max(79, Number(firefox)))
  return { chrome, chrome_android: chrome, edge, firefox, firefox_android: mobileFirefox, safari, safari_ios: ios }
}

const own = '__compat'

export class Compat {
  readonly #data: CompatData
  readonly #oldest: Oldest
  /** By name: every feature that instances of some interface have under it. */
  readonly #members = new Map<string, { readonly feature: Feature; readonly builtin: boolean }[]>()

  constructor(data: CompatData, oldest: Oldest) {
    this.#data = data
    this.#oldest = oldest
    for (const { path, feature, builtin } of interfacesIn(data)) {
      for (const name of namesBelow(feature)) {
        if (isStatic(path, name, builtin) || name === path.at(-1)) continue
        const known = this.#members.get(name) ?? []
        known.push({ feature: below(feature, name) ?? {}, builtin })
        this.#members.set(name, known)
      }
    }
  }

  /** Browsers that lack the feature, such as `safari 14`; none if the data say nothing of it. */
  lacking(feature: Feature | undefined): string[] {
    const support = feature?.[own]?.support
    if (support === undefined) return []
    return Object.entries(this.#oldest).flatMap(([browser, version]) => {
      const statements = [support[browser] ?? []].flat() as readonly Statement[]
      return statements.length === 0 || statements.some((one) => covers(one, version)) ? [] : [`${browser} ${version}`]
    })
  }

  global(name: string): Feature | undefined {
    const { api, javascript } = this.#data
    return lookUp(api, name) ?? lookUp(javascript.builtins, name) ?? below(lookUp(api, 'Window'), name)
  }

  /** The constructor of an interface, if the data tell it apart from the interface. */
  constructorOf(name: string): Feature | undefined {
    return below(this.global(name), name)
  }

  /** A member of a global: a static one of `AbortSignal`, or one that `navigator` has as the one `Navigator`. */
  memberOfGlobal(name: string, member: string): Feature | undefined {
    const { api, javascript } = this.#data
    const single = lookUp(api, name.charAt(0).toUpperCase() + name.slice(1))
    if (name.charAt(0) === name.charAt(0).toLowerCase()) return below(single, member)
    return below(lookUp(api, name), `${member}_static`) ?? below(lookUp(javascript.builtins, name), member)
  }

  /**
   * What lacks a member of instances of whatever interface. If interfaces differ, the one that is best known counts: what
   * the receiver is can't be seen in a call. `builtin` is true if only objects of the language have it.
   */
  member(name: string): { readonly lacking: string[]; readonly builtin: boolean } {
    const known = this.#members.get(name) ?? []
    const each = known.map(({ feature }) => this.lacking(feature))
    const best = each.toSorted((a, b) => a.length - b.length)[0] ?? []
    return { lacking: best, builtin: known.every(({ builtin }) => builtin) }
  }

  /** What lacks an option of a method, such as `signal` of `addEventListener`. */
  option(method: string, option: string): string[] {
    const features = (this.#members.get(method) ?? []).map(({ feature }) => optionOf(feature, option))
    const known = features.filter((feature) => feature !== undefined)
    return known.map((feature) => this.lacking(feature)).toSorted((a, b) => a.length - b.length)[0] ?? []
  }

  optionOfConstructor(name: string, option: string): string[] {
    return this.lacking(optionOf(this.constructorOf(name), option))
  }

  /** What lacks a part of regular expressions, such as `lookbehind_assertion`. */
  pattern(part: string): string[] {
    return this.lacking(lookUp(this.#data.javascript.regular_expressions, part))
  }

  /** Whether a feature, or the interface that has it, is only there on pages with TLS. */
  needsTls(...features: readonly (Feature | undefined)[]): boolean {
    return features.some((feature) => below(feature, 'secure_context_required') !== undefined)
  }

  /** Every API that some browser lacks, as what a script can delete: a global, or a member of an object. */
  *lackingApis(): Generator<{ readonly path: readonly string[]; readonly name: string }> {
    for (const { path, feature, builtin } of interfacesIn(this.#data)) {
      const owner = path.at(-1) ?? ''
      if (this.lacking(feature).length > 0) yield { path: path.slice(0, -1), name: owner }
      for (const name of namesBelow(feature)) {
        if (name === owner || this.lacking(below(feature, name)).length === 0) continue
        const fixed = isStatic(path, name, builtin)
        yield { path: fixed ? path : [...path, 'prototype'], name: name.replace(/_static$/, '') }
        // Of the language's own objects the data do not say which members are static.
        if (builtin && !fixed) yield { path, name }
      }
    }
  }
}

interface Interface {
  /** Such as `['Array']` or `['Intl', 'DateTimeFormat']`. */
  readonly path: readonly string[]
  readonly feature: Feature
  /** Whether it is of the language, and not of the browser. */
  readonly builtin: boolean
}

/** These have interfaces in them, and are none. */
const namespaces: readonly string[] = ['Intl', 'Temporal', 'WebAssembly']

function* interfacesIn({ api, javascript }: CompatData): Generator<Interface> {
  for (const [name, feature] of Object.entries(api)) yield { path: [name], feature, builtin: false }
  for (const [name, feature] of Object.entries(javascript.builtins)) {
    yield { path: [name], feature, builtin: true }
    if (!namespaces.includes(name)) continue
    for (const inner of namesBelow(feature).filter((one) => /^[A-Z]/.test(one))) {
      yield { path: [name, inner], feature: below(feature, inner) ?? {}, builtin: true }
    }
  }
}

const memberName = /^[A-Za-z_$][\w$]*$/

function namesBelow(feature: Feature): string[] {
  return Object.keys(feature).filter((name) => name !== own && memberName.test(name) && !isPart(name))
}

/** Such as `options_signal_parameter` and `secure_context_required`: not a member, but a part of one. */
function isPart(name: string): boolean {
  return name.includes('_') && !name.endsWith('_static') && name.toUpperCase() !== name
}

function isStatic(path: readonly string[], name: string, builtin: boolean): boolean {
  const isObject = path.length === 1 && [...namespaces, 'Math', 'JSON', 'Reflect', 'Atomics'].includes(path[0] ?? '')
  return name.endsWith('_static') || (builtin && isObject)
}

/** An option is a feature below its method, or below the parameter that takes it. */
function optionOf(feature: Feature | undefined, option: string): Feature | undefined {
  const parameter = below(feature, 'options_parameter')
  const name = `options_${option}_parameter`
  return below(feature, name) ?? below(parameter, name) ?? below(parameter, option)
}

function lookUp(all: Readonly<Record<string, Feature>>, name: string): Feature | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined
}

function below(feature: Feature | undefined, name: string): Feature | undefined {
  return feature !== undefined && Object.hasOwn(feature, name) ? (feature[name] as Feature) : undefined
}

function covers({ version_added: added, ...statement }: Statement, version: string): boolean {
  const { version_removed: removed, flags, prefix, alternative_name: otherName } = statement
  if (typeof added !== 'string' || flags !== undefined || prefix !== undefined || otherName !== undefined) return false
  if (removed !== undefined && removed !== false && removed !== null) return false
  return compareVersions(added.replace('≤', ''), version) <= 0
}

/** A version that is not out yet (`preview`) is later than any. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  if (left === undefined || right === undefined || left.some(Number.isNaN)) return 1
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
