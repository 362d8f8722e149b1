import { globSync, readFileSync } from 'node:fs'
import { type AST, parseRegExpLiteral } from '@eslint-community/regexpp'
import { parseSync, Visitor } from 'oxc-parser'

/** A repetition of up to so many characters is taken as one of constant length. */
const boundedMax = 300
/** Ways through a pattern that are looked at. One that has more is too hard to judge. */
const pathsMax = 500

/** Characters that stand for all: ASCII, and a few of each kind beyond it. */
const samples = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...Array.from('\u00a0éß中\u0301\u2028\u3000\ufeff'),
]

/** One step of a way through a pattern: which characters it takes, how often. An assertion takes none. */
interface Step {
  readonly chars: ReadonlySet<string>
  readonly min: number
  readonly unbounded: boolean
  readonly assertion: boolean
}

/**
 * Says for each regular expression of a file whether it can take more than linear time: an unbounded repetition within
 * another, two that share characters with nothing else between them, or one that a search begins again at each of its
 * own characters. Returns one sentence for each.
 */
export function findSlowPatterns(path: string, text: string): string[] {
  const found: string[] = []
  new Visitor({
    Literal: (node) => {
      if (!('regex' in node) || node.regex === undefined || node.raw === null) return
      const fault = faultOf(node.raw)
      if (fault !== null) found.push(`${path}: ${node.raw} ${fault}`)
    },
  }).visit(parseSync(path, text).program)
  return found
}

/** What may take more than linear time in a regular expression, written as a literal; null if nothing does. */
export function faultOf(literal: string): string | null {
  const { pattern, flags } = parseRegExpLiteral(literal)
  const reader = new Reader(
    Array.from(flags.raw)
      .filter((flag) => 'imsuv'.includes(flag))
      .join(''),
  )
  const paths = reader.pathsOf(pattern.alternatives)
  if (reader.nested) return 'repeats without end what repeats without end'
  if (paths === null) return 'has too many ways through it to be judged'
  for (const path of paths) {
    if (path.some((_, i) => sharesBefore(path, i))) return 'has two endless repetitions that share characters'
    if (!flags.sticky && path.some((_, i) => beginsWithin(path, i))) {
      return 'begins again at each character of an endless repetition'
    }
  }
  return null
}

class Reader {
  nested = false
  readonly #flags: string

  constructor(flags: string) {
    this.#flags = flags
  }

  /** Each way through the alternatives, step by step. Null if there are too many. */
  pathsOf(alternatives: readonly AST.Alternative[]): Step[][] | null {
    const paths: Step[][] = []
    for (const { elements } of alternatives) {
      let ways: Step[][] = [[]]
      for (const element of elements) {
        const next = this.#waysOf(element)
        if (next === null || ways.length * next.length > pathsMax) return null
        ways = ways.flatMap((way) => next.map((more) => [...way, ...more]))
      }
      paths.push(...ways)
    }
    return paths.length > pathsMax ? null : paths
  }

  #waysOf(element: AST.Element): Step[][] | null {
    switch (element.type) {
      case 'Quantifier':
        return this.#waysOfQuantifier(element)
      case 'Group':
      case 'CapturingGroup':
        return this.pathsOf(element.alternatives)
      case 'Assertion':
        return [[this.#assertion(element)]]
      case 'Backreference':
      case 'Character':
      case 'CharacterClass':
      case 'CharacterSet':
      case 'ExpressionCharacterClass':
        return [[{ chars: this.#charsOf(element), min: 1, unbounded: false, assertion: false }]]
    }
  }

  #waysOfQuantifier({ element, min, max }: AST.Quantifier): Step[][] | null {
    const inner = this.#waysOf(element)
    if (inner === null) return null
    const unbounded = max > boundedMax
    if (!unbounded && max <= 1) return min === 0 ? [[], ...inner] : inner
    const steps = inner.flat()
    if (unbounded && steps.some((step) => step.unbounded)) this.nested = true
    const chars = new Set(steps.flatMap((step) => [...step.chars]))
    const endless = unbounded || steps.some((step) => step.unbounded)
    return [[{ chars, min, unbounded: endless, assertion: false }]]
  }

  /** Its characters are those after which a search can not begin. */
  #assertion(assertion: AST.Assertion): Step {
    let chars: string[] = []
    if (assertion.kind === 'start') {
      chars = this.#flags.includes('m') ? samples.filter((char) => !'\n\r\u2028\u2029'.includes(char)) : samples
    } else if (assertion.kind === 'lookbehind' && assertion.negate) {
      chars = (this.pathsOf(assertion.alternatives) ?? []).flat().flatMap((step) => [...step.chars])
    }
    return { chars: new Set(chars), min: 0, unbounded: false, assertion: true }
  }

  #charsOf(element: AST.Element): Set<string> {
    const one = new RegExp(`^(?:${element.raw})$`, this.#flags)
    return new Set(samples.filter((char) => one.test(char)))
  }
}

function overlaps(a: Step, b: Step): boolean {
  return [...a.chars].some((char) => b.chars.has(char))
}

function canFailAfter(path: readonly Step[], i: number): boolean {
  return path.slice(i + 1).some((step) => step.assertion || step.min > 0)
}

/** Whether an earlier repetition can give its characters to the one at `i`, one by one, as often as the rest fails. */
function sharesBefore(path: readonly Step[], i: number): boolean {
  const last = path[i]
  if (last === undefined || !last.unbounded || !canFailAfter(path, i)) return false
  return path.slice(0, i).some((first, j) => {
    const between = path.slice(j + 1, i).filter(({ assertion, min }) => !assertion && min > 0)
    return first.unbounded && [last, ...between].every((step) => overlaps(step, first) && overlaps(step, last))
  })
}

/** Whether a search that fails after the repetition at `i` can begin again at each character of it. */
function beginsWithin(path: readonly Step[], i: number): boolean {
  const step = path[i]
  if (step === undefined || !step.unbounded || !canFailAfter(path, i)) return false
  const before = path.slice(0, i)
  const guarded = before.some(({ assertion, chars }) => assertion && [...step.chars].every((char) => chars.has(char)))
  return !guarded && before.every((earlier) => earlier.assertion || earlier.min === 0 || overlaps(earlier, step))
}

if (import.meta.main) {
  const paths = globSync(['src/**/*.ts', 'scripts/{demo,setup}/**/*.{ts,js}']).map((path) => path.replaceAll('\\', '/'))
  const found = paths.flatMap((path) => findSlowPatterns(path, readFileSync(path, 'utf8')))
  for (const line of found) console.error(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
