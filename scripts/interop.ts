import { parseArgs } from 'node:util'
import { type Trial, trialsOf } from './interop/clients.ts'
import { install, type Language, lackOf, languages, libraryVersion } from './interop/kits.ts'
import { isGood, table, writeReport } from './interop/report.ts'
import { Stage } from './interop/stage.ts'
import { Journey, type Result, stepNames } from './interop/steps.ts'
import { say } from './setup/capture.js'
import { root } from './setup/prepare.js'
import { ensure, haproxy, redis } from './setup/programs.js'

const help = `Follows a channel by the stock clients of other people, and checks what each is given.

  npm run interop
  npm run interop -- --only python
  npm run interop -- --write docs/interop.md

  --only     Only the clients whose language, name, version or transport contains this.
  --seconds  Seconds that a client may take for a step. Default: 60
  --write    A file to write the table to, in Markdown.

The languages: ${languages.join(', ')}. One whose compiler or interpreter this machine lacks is skipped. The clients are
installed from their registries into .toolchain/interop; nothing else of the machine changes.

The steps: ${stepNames.join(', ')}. Two nodes, a redis-server and HAProxy run on loopback. The exit code is 1 if a client
failed in a step.`

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      seconds: { type: 'string', default: '60' },
      write: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const stepMsMax = 1_000 * Number(values.seconds)
  if (!(stepMsMax > 0)) throw new Error(`--seconds: must be a number above 0: ${values.seconds}`)
  await ensure(root, redis)
  const proxy = await ensure(root, haproxy)
  const began = performance.now()
  const results: Result[] = []
  const skipped = new Map<Language, string>()
  for (const language of languages) {
    const trials = trialsOf(language).filter((trial) => isChosen(trial, values.only.toLowerCase()))
    if (trials.length === 0) continue
    const lack = lackOf(language)
    if (lack !== null) {
      skipped.set(language, lack)
      say(`${language}: skipped, since ${lack}.`)
      continue
    }
    await install(language)
    say(`${language}: ${trials.length} followers`)
    const stage = await Stage.open(proxy)
    try {
      results.push(...(await new Journey(stage, trials, stepMsMax).run()))
    } finally {
      await stage.close()
    }
  }
  if (results.length === 0 && skipped.size === 0) throw new Error(`--only: no client is named so: ${values.only}`)
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  if (values.write !== undefined) writeReport(values.write, { results, skipped, minutes })
  const good = results.filter(isGood).length
  console.log([...table(results), '', `${good} of ${results.length} went through all steps.`].join('\n'))
  return good === results.length ? 0 : 1
}

/** A language is meant by its whole name only: JavaScript is not Java. */
function isChosen({ client, transport }: Trial, only: string): boolean {
  if (languages.some((language) => language.toLowerCase() === only)) return client.language.toLowerCase() === only
  return [client.name, libraryVersion(client), transport].join(' ').toLowerCase().includes(only)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

try {
  process.exit(await run())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
