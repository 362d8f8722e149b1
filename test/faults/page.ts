import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { redisServer } from './redis-program.ts'

/** The sections of the page, in order, and the commands that make each. */
const sections = {
  faults: 'npm run faults -- --write docs/faults.md',
  abuse: 'npm run faults -- --abuse --write docs/faults.md',
} as const

/** The page with one section made again, and the other as it was. */
export function withSection(page: string, name: keyof typeof sections, text: string): string {
  const parts = Object.entries(sections).flatMap(([section, command]) => {
    const start = `<!-- ${section}: made by "${command}" -->`
    const end = `<!-- end of ${section} -->`
    const [from, to] = [page.indexOf(start), page.indexOf(end)]
    const old = from < 0 || to < from ? null : page.slice(from + start.length, to).trim()
    const body = section === name ? text : old
    return body === null ? [] : [start, '', body, '', end, '']
  })
  return ['# What faults and abuse do to Wirecopy', '', ...parts].join('\n')
}

export function row(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}

/** On what the figures were made, and when. */
export function madeBy(): string {
  const on = `on ${availableParallelism()} cores, by Node ${process.versions.node} and ${redisVersion()}`
  return `${on}, on ${new Date().toISOString().slice(0, 10)}`
}

function redisVersion(): string {
  const { stdout } = spawnSync(redisServer(), ['--version'], { encoding: 'utf8' })
  return `Redis ${/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'}`
}
