/**
 * What the client programs of a language need. Everything is installed under `.toolchain/interop/`, so that nothing of the
 * machine changes; the compilers and interpreters themselves are the machine's.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must, say } from '../setup/capture.js'
import { withLock } from '../setup/lock.js'
import { npmEnvironment } from '../setup/modules.js'
import { root } from '../setup/prepare.js'
import { isAtLeast, versionIn } from '../setup/programs.js'
import type { Client } from './clients.ts'

export const languages = ['JavaScript', 'Python', 'Java', 'Go'] as const
export type Language = (typeof languages)[number]

interface Tool {
  readonly command: string
  readonly args: readonly string[]
  readonly versionMin: string
}

interface Kit {
  /** The folder of the programs, in scripts/interop and in `.toolchain/interop`. */
  readonly folder: string
  /** What the machine must have. The first one's version is told with the results. */
  readonly tools: readonly Tool[]
  /** The file with the versions of the libraries, and how one is read from it. */
  readonly manifest: string
  readonly version: (manifest: string, entry: string) => string | undefined
  readonly install: (place: string) => Promise<void>
  readonly command: (place: string, client: Client) => readonly string[]
}

/** The folders of jars, one for each profile of the pom: two versions of a library can't be on one class path. */
const profiles = { FollowSocketIo: ['socket-io-newest', 'socket-io-oldest'], FollowEventStream: ['event-stream'] }

const kits: Readonly<Record<Language, Kit>> = {
  JavaScript: {
    folder: 'node',
    tools: [{ command: process.execPath, args: ['--version'], versionMin: '24.9' }],
    manifest: 'package.json',
    version: (manifest, entry) => {
      if (entry === 'node') return process.versions.node
      return JSON.parse(manifest).dependencies[entry]?.replace(/^npm:.*@/, '')
    },
    install: async (place) => {
      const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
      await must('Installing the clients for Node', 'npm', args, { cwd: place, env: npmEnvironment(process.execPath) })
    },
    command: (place, { program }) => [process.execPath, '--experimental-eventsource', join(place, program)],
  },
  Python: {
    folder: 'python',
    tools: [{ command: 'python3', args: ['--version'], versionMin: '3.10' }],
    manifest: 'requirements.txt',
    version: (manifest, entry) => lineOf(manifest, `${entry}==`),
    install: async (place) => {
      await must('Making a venv', 'python3', ['-m', 'venv', join(place, 'venv')])
      const args = ['install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt']
      await must('Installing the clients for Python', join(place, 'venv', 'bin', 'pip'), args, { cwd: place })
    },
    command: (place, { program }) => [join(place, 'venv', 'bin', 'python'), join(place, program)],
  },
  Java: {
    folder: 'java',
    tools: [
      { command: 'javac', args: ['-version'], versionMin: '17.0' },
      { command: 'mvn', args: ['-version'], versionMin: '3.6' },
    ],
    manifest: 'pom.xml',
    version: (manifest, entry) => {
      const profile = manifest.split('<profile>').find((text) => text.includes(`<id>${entry}</id>`)) ?? manifest
      const artifact = entry.startsWith('socket-io') ? 'socket.io-client' : entry
      return profile.split(`<artifactId>${artifact}</artifactId><version>`)[1]?.split('<')[0]
    },
    install: installJava,
    command: (place, { program, library }) => {
      const profile = program === 'FollowSocketIo' ? library : 'event-stream'
      const path = `${join(place, 'classes', profile)}:${join(place, 'lib', profile)}/*`
      return ['java', '-XX:TieredStopAtLevel=1', '-Xmx128m', '-cp', path, program]
    },
  },
  Go: {
    folder: 'go',
    tools: [{ command: 'go', args: ['version'], versionMin: '1.26' }],
    manifest: 'go.mod',
    version: (manifest, entry) => lineOf(manifest, `${entry} v`)?.split(' ')[0],
    install: async (place) => {
      const env = {
        ...process.env,
        GOPATH: join(place, 'path'),
        GOCACHE: join(place, 'cache'),
        // Modules that can't be written to can't be removed either.
        GOFLAGS: '-modcacherw',
      }
      const args = ['build', '-o', join(place, 'bin/'), './socketio', './eventstream']
      await must('Building the clients for Go', 'go', args, { cwd: place, env })
    },
    command: (place, { program }) => [join(place, 'bin', program)],
  },
}

async function installJava(place: string): Promise<void> {
  const local = `-Dmaven.repo.local=${join(place, 'repository')}`
  for (const [program, folders] of Object.entries(profiles)) {
    for (const profile of folders) {
      const [lib, classes] = [join(place, 'lib', profile), join(place, 'classes', profile)]
      const args = ['-q', '-B', local, '-P', profile, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`]
      await must('Fetching the clients for Java', 'mvn', args, { cwd: place })
      const sources = ['Fold.java', `${program}.java`].map((file) => join(place, file))
      await must('Compiling the clients for Java', 'javac', ['-cp', `${lib}/*`, '-d', classes, ...sources])
    }
  }
}

/** The rest of the line that begins so. */
function lineOf(text: string, beginning: string): string | undefined {
  const line = text.split('\n').find((one) => one.trim().startsWith(beginning))
  return line?.trim().slice(beginning.length)
}

/** What the machine lacks for the language, or null if its programs can run. */
export function lackOf(language: Language): string | null {
  for (const { command, args, versionMin } of kits[language].tools) {
    const version = versionOf(command, args)
    if (version === undefined) return `${command} is not on this machine`
    if (!isAtLeast(version, versionMin)) return `${command} is ${version}, and ${versionMin} or newer is needed`
  }
  return null
}

function versionOf(command: string, args: readonly string[]): string | undefined {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return versionIn(`${stdout ?? ''}${stderr ?? ''}`)
}

/** The version of the language's own compiler or interpreter. */
export function toolVersion(language: Language): string {
  const [tool] = kits[language].tools
  return (tool === undefined ? undefined : versionOf(tool.command, tool.args)) ?? 'unknown'
}

/** The version of the library, as the manifest pins it. */
export function libraryVersion({ language, name, entry = name }: Client): string {
  const { folder, manifest, version } = kits[language]
  const found = version(readFileSync(join(sourceOf(folder), manifest), 'utf8'), entry)
  if (found === undefined) throw new Error(`${manifest} names no version of ${entry}`)
  return found
}

/** Installs and builds the programs of the language, unless that was done since they were last changed. */
export async function install(language: Language): Promise<void> {
  const { folder, install } = kits[language]
  const place = placeOf(folder)
  const stamp = join(place, 'stamp')
  const wanted = hashOf(sourceOf(folder), toolVersion(language))
  const isDone = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (isDone()) return
  await withLock(join(root, '.toolchain', 'interop'), async () => {
    if (isDone()) return
    say(`${language}: the clients are installed in ${place}`)
    mkdirSync(place, { recursive: true })
    rmSync(stamp, { force: true })
    cpSync(sourceOf(folder), place, { recursive: true })
    await install(place)
    writeFileSync(stamp, wanted)
  })
}

/** What starts the client's program; its arguments follow. */
export function commandOf(client: Client): readonly string[] {
  const { folder, command } = kits[client.language]
  return command(placeOf(folder), client)
}

function sourceOf(folder: string): string {
  return join(import.meta.dirname, folder)
}

function placeOf(folder: string): string {
  return join(root, '.toolchain', 'interop', folder)
}

function hashOf(folder: string, version: string): string {
  const hash = createHash('sha256').update(version)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(path).update(readFileSync(path))
  }
  return hash.digest('hex')
}
