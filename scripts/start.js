// npm start: sets up what is lacking, then serves.
import { runAsScript } from './setup/capture.js'
import { launch } from './setup/launch.js'
import { asksForHelp, prepare, root } from './setup/prepare.js'
import { ensure, redis } from './setup/programs.js'
import { serverArgs } from './setup/server.js'

const usage = `Usage: npm start

Brings Node 24, the packages and Redis where they are lacking, then runs src/main.ts.
The server is configured by environment variables (README.md has the table), for example:

  PORT=8080 npm start

With REDIS_URL set no Redis is looked for on this machine.`

await runAsScript(async () => {
  if (asksForHelp(process.argv.slice(2))) {
    console.log(usage)
    return 0
  }
  const node = await prepare()
  if (!process.env['REDIS_URL']) await ensure(root, redis)
  return await launch(node, serverArgs)
})
