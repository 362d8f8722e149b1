// npm test: sets up what is lacking, then runs the tests.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runAsScript, SetupError, say } from './setup/capture.js'
import { launch } from './setup/launch.js'
import { asksForHelp, prepare, root } from './setup/prepare.js'
import { advice, chromium, curl, ensure, find, haproxy, obtain, redis } from './setup/programs.js'
import { selectTests } from './setup/select-tests.js'
import { testMsMax } from './setup/test-limits.js'

const usage = `Usage: npm test [-- [options] [words]]

Brings Node 24, the packages, Redis, Chromium, HAProxy and curl where they are lacking, then runs the tests.
With words, only the test files whose path contains one of them; options go to node --test:

  npm test -- test/wire follow
  npm test -- --test-name-pattern=retracted feed

Set CHROMIUM or HAPROXY to the path of one that is not on the PATH.`

// Tests wait for servers, browsers and timers as much as they compute.
const filesAtOnce = 2 * availableParallelism()

await runAsScript(async () => {
  const args = process.argv.slice(2)
  if (asksForHelp(args)) {
    console.log(usage)
    return 0
  }
  const options = args.filter((arg) => arg.startsWith('-'))
  const words = args.filter((arg) => !arg.startsWith('-'))
  // The last folders have the longest files. Begun first, none of them runs on alone.
  const files = selectTests(root, words).reverse()
  if (files.length === 0) throw new SetupError(`No test file's path contains ${words.join(' or ')}.`)

  const node = await prepare()
  await ensure(root, redis)
  // Each test file and each server that a test starts is a process, which spends half of its start on compiling.
  const compiled = join(root, '.toolchain', 'compile-cache')
  const env = { NODE_COMPILE_CACHE: compiled, ...process.env, CHROMIUM: await ensure(root, chromium) }
  await ensure(root, curl)
  const proxy = await obtain(root, haproxy)
  if (proxy === undefined) say(`${advice(haproxy, find(haproxy).old)}\n  The tests that need it are skipped.`)
  const runner = ['--test', `--test-concurrency=${filesAtOnce}`, `--test-timeout=${testMsMax}`, '--test-reporter=spec']
  return await launch(node, [...runner, ...options, ...files], {
    cwd: root,
    env: proxy === undefined ? env : { ...env, HAPROXY: proxy },
  })
})
