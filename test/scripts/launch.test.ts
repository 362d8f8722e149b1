import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { waitMsMax } from '../../scripts/setup/test-limits.js'

const launchModule = new URL('../../scripts/setup/launch.js', import.meta.url).href

/** Says which signals it gets, and ends with 7 when it is told so on its input. */
const program = `
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log('program', signal))
  process.stdin.once('data', () => setImmediate(() => process.exit(7)))
  console.log('program runs')`

interface Launcher {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly lines: AsyncIterator<string>
}

/** A process that launches the program, and says when its own launching has seen a signal. */
function startLauncher(t: TestContext, launched: string): Launcher {
  const text = `
    import { launch } from '${launchModule}'
    const code = launch(process.execPath, ['-e', ${JSON.stringify(launched)}], { repeatMs: ${waitMsMax} })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log('launcher', signal))
    process.exitCode = await code`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  return { process: child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
}

async function linesUntil(lines: AsyncIterator<string>, last: string): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error(`The output ended before "${last}": ${seen.join(', ')}`)
    seen.push(value)
    if (value === last) return seen
  }
}

test('signals that come together reach the program once, and its exit code is ours', async (t) => {
  const launcher = startLauncher(t, program)
  const exit = once(launcher.process, 'exit')
  await linesUntil(launcher.lines, 'program runs')
  launcher.process.kill('SIGINT')
  const seen = await linesUntil(launcher.lines, 'program SIGINT')
  launcher.process.kill('SIGTERM')
  seen.push(...(await linesUntil(launcher.lines, 'launcher SIGTERM')))
  launcher.process.stdin.write('end\n')
  for (let next = await launcher.lines.next(); !next.done; next = await launcher.lines.next()) seen.push(next.value)
  assert.deepEqual(
    seen.filter((line) => line.startsWith('program')),
    ['program SIGINT'],
  )
  assert.deepEqual(await exit, [7, null])
})

test('a program that a signal ends gives the code that shells give', async (t) => {
  const launcher = startLauncher(t, `console.log('program runs'); process.kill(process.pid, 'SIGKILL')`)
  assert.deepEqual(await once(launcher.process, 'exit'), [137, null])
})

test('a program whose launcher is killed gets SIGTERM', async (t) => {
  const waiting = `
    process.once('SIGTERM', () => process.exit(console.log('program SIGTERM')))
    setInterval(() => {}, 1_000)
    console.log('program runs')`
  const launcher = startLauncher(t, waiting)
  await linesUntil(launcher.lines, 'program runs')
  launcher.process.kill('SIGKILL')
  await linesUntil(launcher.lines, 'program SIGTERM')
})
