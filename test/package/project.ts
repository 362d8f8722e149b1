import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { npmEnvironment } from '../../scripts/setup/modules.js'
import { tempFolder } from '../helpers/server.ts'

export const root = resolve(import.meta.dirname, '../..')
const modules = join(root, 'node_modules')

export interface Said {
  readonly code: number | null
  readonly said: string
}

export async function run(folder: string, command: string, ...args: string[]): Promise<Said> {
  const child = spawn(command, args, {
    cwd: folder,
    env: npmEnvironment(process.execPath),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, said: out + err }
}

/** Runs a program of Node's to its end. Returns what it said. Throws if it fails. */
export async function node(folder: string, ...args: string[]): Promise<string> {
  const { code, said } = await run(folder, process.execPath, ...args)
  assert.equal(code, 0, said)
  return said
}

let made: Promise<string> | undefined

/**
 * An empty project with the client's package in it, as npm installs it from the file that `npm run client` makes. All
 * tests of a file share it, each with a folder of its own below.
 */
export function projectWithClient(): Promise<string> {
  made ??= makeProject()
  return made
}

async function makeProject(): Promise<string> {
  const folder = await tempFolder()
  const out = await tempFolder()
  await node(root, 'scripts/build-client.ts', '--out', out)
  const [tarball, ...others] = (await readdir(out)).filter((name) => name.endsWith('.tgz'))
  assert.ok(tarball !== undefined && others.length === 0)
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
  // npm is to find the dependency there, in the version that the lockfile has, and ask no registry.
  for (const name of packagesOf('socket.io-client')) {
    await cp(join(modules, name), join(folder, 'node_modules', name), { recursive: true })
  }
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts']
  const { code, said } = await run(folder, 'npm', 'install', '--offline', ...quiet, join(out, tarball))
  assert.equal(code, 0, said)
  return folder
}

/** The package and all that it needs. */
export function packagesOf(name: string): string[] {
  const found = new Set<string>()
  const add = (folder: string) => {
    const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    )
    for (const needed of Object.keys(dependencies)) {
      const own = join(folder, 'node_modules', needed)
      if (existsSync(own)) add(own)
      else if (!found.has(needed)) {
        found.add(needed)
        add(join(modules, needed))
      }
    }
  }
  found.add(name)
  add(join(modules, name))
  return [...found].toSorted()
}

/** Writes files into a folder of the project, by their paths, and returns the folder. */
export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}
