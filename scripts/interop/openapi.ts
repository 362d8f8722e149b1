/** Generates clients from the OpenAPI document in several languages, and has each publish and edit on a real server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { openWirecopy } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Kit, kits, prepared, versionOf } from './openapi/kits.ts'
import { documentation, tryOut } from './openapi/program.ts'
import { type Result, tableOf } from './openapi/results.ts'

const help = `Generates clients from the OpenAPI document, compiles them, and runs the programs of docs/openapi.md with them.

  npm run openapi
  npm run openapi -- --only Go

  --only   Only the languages whose name contains this: ${kits.map(({ language }) => language).join(', ')}.
  --write  Puts the table into docs/openapi.md. Not with --only: the table is of all languages.

A language that the machine lacks is left out, with a line that says so. The generators are installed under
.toolchain/openapi/. The exit code is 1 if a generator warns, or a client does not compile or does not do what it should.`

async function resultOf(kit: Kit, version: string, url: string, key: string): Promise<Result> {
  const about = { language: kit.language, version, generator: kit.generator }
  try {
    return { ...about, ...(await tryOut(kit, await prepared(kit), url, key)) }
  } catch (error) {
    return { ...about, warnings: [], fault: error instanceof Error ? error.message : String(error) }
  }
}

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, write: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wirecopy-openapi-'))
  const environment = { HOST: '127.0.0.1', PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'silent' }
  const server = await openWirecopy(readConfig(environment), pino({ level: 'silent' }))
  const results: Result[] = []
  try {
    for (const kit of kits.filter(({ language }) => language.toLowerCase().includes(values.only.toLowerCase()))) {
      const version = await versionOf(kit)
      if (version === null) {
        console.log(`${kit.language}: left out, since ${kit.version[0]} is not on this machine`)
        continue
      }
      console.log(`${kit.language} ${version}: ${kit.generator}`)
      const result = await resultOf(kit, version, server.url, server.adminKey)
      for (const line of result.warnings) console.log(line)
      if (result.fault !== null) console.log(result.fault)
      results.push(result)
    }
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const table = tableOf(results)
  console.log(`\n${table}`)
  if (values.write === true) {
    const text = readFileSync(documentation, 'utf8')
    const [before = '', after = ''] = text.split(/<!-- clients: [\s\S]*<!-- end of clients -->/)
    const marked = `<!-- clients: made by "npm run openapi -- --write" -->\n\n${table}\n\n<!-- end of clients -->`
    writeFileSync(documentation, before + marked + after)
  }
  if (results.some(({ warnings, fault }) => warnings.length > 0 || fault !== null)) process.exitCode = 1
}

if (values.help === true) console.log(help)
else if (values.write === true && values.only !== '') {
  console.error('--write takes the whole table: leave --only out.')
  process.exitCode = 2
} else await run()
