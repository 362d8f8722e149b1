// Runs one of the project's TypeScript scripts by Node 24, with all set up that it needs.
import { runAsScript, SetupError } from './setup/capture.js'
import { launch } from './setup/launch.js'
import { prepare } from './setup/prepare.js'

const usage = `Usage: node scripts/run.js <script.ts> [arguments]

Brings Node 24 and the packages where they are lacking, then runs the script with its arguments.`

await runAsScript(async () => {
  const [script, ...args] = process.argv.slice(2)
  if (script === '--help' || script === '-h') {
    console.log(usage)
    return 0
  }
  if (script === undefined) throw new SetupError(usage)
  return await launch(await prepare(), [script, ...args])
})
