// npm run check: all that CI checks besides the tests.
import { delimiter, join } from 'node:path'
import { capture, runAsScript, say } from './setup/capture.js'
import { withFirstOnPath } from './setup/modules.js'
import { asksForHelp, prepare, root } from './setup/prepare.js'

const usage = `Usage: npm run check

Brings Node 24 and the packages where they are lacking, then runs every check, with one line for each; what a check
prints is shown where it fails. Ends with 1 where one fails.`

const checksAtOnce = 2

/** @type {readonly { name: string, command: string, args: string[] }[]} */
const checks = [
  { name: 'types (tsc)', command: 'node', args: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'floating promises and other faults (oxlint)', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format and style (biome)', command: 'biome', args: ['ci', '--colors=off', '--error-on-warnings'] },
  { name: 'unused files, exports and dependencies (knip)', command: 'knip', args: [] },
  { name: 'import directions', command: 'node', args: ['scripts/checks/imports.ts'] },
  { name: 'regular expressions', command: 'node', args: ['scripts/checks/patterns.ts'] },
  { name: 'browsers', command: 'node', args: ['scripts/checks/browsers.ts'] },
  { name: 'compose file', command: 'node', args: ['scripts/checks/compose.ts'] },
]

await runAsScript(async () => {
  if (asksForHelp(process.argv.slice(2))) {
    console.log(usage)
    return 0
  }
  const node = await prepare()
  const env = withFirstOnPath(process.env, node)
  env['PATH'] = [join(root, 'node_modules', '.bin'), env['PATH']].join(delimiter)
  const waiting = [...checks]
  let failures = 0
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now()
      const { code, output } = await capture(check.command, check.args, { cwd: root, env })
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${seconds} s)`)
      if (code === 0) continue
      failures += 1
      console.log(output.trimEnd())
    }
  }
  await Promise.all(Array.from({ length: checksAtOnce }, work))
  if (failures > 0) say(`${failures} of ${checks.length} checks failed.`)
  return failures === 0 ? 0 : 1
})
