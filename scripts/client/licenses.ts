import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * Name, version and licence of each package that a bundle's files are from, which these licences ask for. Throws if one
 * has none. The paths are from the root.
 */
export function licensesOf(root: string, files: Iterable<string>): string {
  const folders = new Set<string>()
  for (const file of files) {
    const [, folder] = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.replaceAll(sep, '/')) ?? []
    if (folder !== undefined) folders.add(join(root, folder))
  }
  const parts = [...folders].toSorted().map((folder) => {
    const about: { name: string; version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const license = readdirSync(folder).find((name) => /^licen[cs]e(\.|$)/i.test(name))
    if (license === undefined) throw new Error(`${about.name} has no licence that could go with its code`)
    return `${about.name} ${about.version}\n\n${readFileSync(join(folder, license), 'utf8').trim()}\n`
  })
  return `wirecopy.js has code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
