import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../setup/prepare.js'
import type { Kit } from './kits.ts'
import type { Result } from './results.ts'

/** Has the programs, one for each language. */
export const documentation = join(root, 'docs', 'openapi.md')

/** What each program prints: version and headline of the post, and why the second edit was refused. */
const printed = '2 Two boats reach the quay stale-version'

function programOf({ block, language }: Kit): string {
  const [, program] = readFileSync(documentation, 'utf8').split(`\`\`\`${block}\n`)
  if (program === undefined) throw new Error(`docs/openapi.md has no program in ${language}`)
  return program.slice(0, program.indexOf('\n```\n') + 1)
}

/** Generates the client in the folder from the server's document, compiles the program with it, and runs that. */
export async function tryOut(
  kit: Kit,
  place: string,
  url: string,
  key: string,
): Promise<Pick<Result, 'warnings' | 'fault'>> {
  const document = await fetch(`${url}/openapi.json`)
  writeFileSync(join(place, 'openapi.json'), await document.text())
  const generated = await kit.generate(place)
  writeFileSync(join(place, kit.file), programOf(kit))
  const compiled = await kit.compile(place)
  const said = await kit.run(place, { ...process.env, WIRECOPY: url, KEY: key })
  const { ownWarnings = [] } = kit
  const warnings = `${generated}\n${compiled}`
    .split('\n')
    .filter((line) => /\bwarn(?:ing)?s?\b/i.test(line) && !ownWarnings.some((own) => own.test(line)))
  return { warnings, fault: said.trim() === printed ? null : `The program printed: ${said}` }
}
