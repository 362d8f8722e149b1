import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installWithApt } from './apt.js'
import { SetupError, say } from './capture.js'
import { withLock } from './lock.js'

/**
 * A program that is not from npm. `versionArgs` make it print its version, where an old one will not do; `setting` is the
 * variable by which its path is given and handed on; `files` are what it is of no use without.
 * @typedef {{
 *   name: string, commands: string[], versionMin?: string, versionArgs?: string[], setting?: string, files?: string[],
 *   debian: string, fedora: string, macos: string, hint?: string
 * }} Program
 */

/** @type {Program} */
export const redis = {
  name: 'Redis',
  commands: ['redis-server', 'valkey-server'],
  versionMin: '7.0',
  versionArgs: ['--version'],
  debian: 'redis-server',
  fedora: 'sudo dnf install -y valkey',
  macos: 'brew install redis',
  hint: 'Or set REDIS_URL to a Redis that runs elsewhere (for npm start).',
}

/** @type {Program} */
export const chromium = {
  name: 'Chromium',
  commands: ['chromium', 'chromium-browser', 'google-chrome'],
  setting: 'CHROMIUM',
  debian: 'chromium',
  fedora: 'sudo dnf install -y chromium',
  macos: 'brew install --cask chromium',
  hint: 'Or set CHROMIUM to the path of a Chromium or Chrome.',
}

/** @type {Program} */
export const haproxy = {
  name: 'HAProxy',
  commands: ['haproxy'],
  versionMin: '2.6',
  versionArgs: ['-v'],
  setting: 'HAPROXY',
  debian: 'haproxy',
  fedora: 'sudo dnf install -y haproxy',
  macos: 'brew install haproxy',
}

/** @type {Program} */
export const curl = {
  name: 'curl',
  commands: ['curl'],
  versionMin: '7.83',
  versionArgs: ['--version'],
  debian: 'curl',
  fedora: 'sudo dnf install -y curl',
  macos: 'brew install curl',
}

/** @type {Program} */
export const faketime = {
  name: 'libfaketime',
  commands: ['faketime'],
  debian: 'faketime',
  fedora: 'sudo dnf install -y libfaketime',
  macos: 'brew install libfaketime',
}

/** @type {Program} */
export const compiler = {
  name: 'A C compiler',
  commands: ['cc', 'gcc', 'clang'],
  debian: 'build-essential',
  fedora: 'sudo dnf install -y gcc',
  macos: 'xcode-select --install',
}

/** @type {Program} */
export const nchan = {
  name: 'nginx with Nchan',
  commands: ['nginx'],
  files: ['/usr/lib/nginx/modules/ngx_nchan_module.so'],
  debian: 'libnginx-mod-nchan',
  fedora: 'there is no package of it',
  macos: 'there is no package of it',
}

/**
 * The first version number in what a program prints of itself.
 * @param {string} text
 */
export function versionIn(text) {
  return /(?<!\d)\d+\.\d+(?:\.\d+)?/.exec(text)?.[0]
}

/**
 * @param {string} version
 * @param {string} versionMin
 */
export function isAtLeast(version, versionMin) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [majorMin = 0, minorMin = 0] = versionMin.split('.').map(Number)
  return major > majorMin || (major === majorMin && minor >= minorMin)
}

/**
 * Finds a program, or says what stands in its place: `old` is the version of one that will not do.
 * @param {Program} program
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {{ path?: string, old?: string }}
 */
export function find(program, environment = process.env) {
  const given = program.setting === undefined ? undefined : environment[program.setting]
  if (given) {
    if (existsSync(given)) return { path: given }
    throw new SetupError(`${program.setting} is set to ${given}, where there is no file.`)
  }
  if (program.files?.some((file) => !existsSync(file))) return {}
  /** @type {string | undefined} */
  let old
  for (const path of candidates(program, environment)) {
    if (program.versionMin === undefined) return { path }
    const { stdout } = spawnSync(path, program.versionArgs ?? [], { encoding: 'utf8' })
    const version = versionIn(stdout ?? '')
    if (version !== undefined && isAtLeast(version, program.versionMin)) return { path }
    old ??= version
  }
  return old === undefined ? {} : { old }
}

/**
 * @param {Program} program
 * @param {NodeJS.ProcessEnv} environment
 */
function candidates(program, environment) {
  // Debian keeps servers in sbin, which is not on the PATH of everyone but root.
  const folders = [...(environment['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean)
  const paths = program.commands.flatMap((command) => folders.map((folder) => join(folder, command)))
  return [...new Set(paths)].filter(isExecutable)
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there and not ours to run mean the same here.
    return false
  }
}

/**
 * The path of a program; where it is lacking it is installed on Debian when root, and else undefined.
 * @param {string} root
 * @param {Program} program
 * @returns {Promise<string | undefined>}
 */
export async function obtain(root, program) {
  const first = find(program)
  if (first.path !== undefined) return first.path
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  return await withLock(join(root, '.toolchain'), async () => {
    const again = find(program)
    if (again.path !== undefined) return again.path
    say(`${program.name}: installed by apt-get, as Debian's package ${program.debian}.`)
    await installWithApt(program.debian)
    return find(program).path
  })
}

/**
 * What to do where a program is lacking: the exact commands, by system.
 * @param {Program} program
 * @param {string} [old]
 */
export function advice(program, old) {
  const wanted = program.versionMin === undefined ? program.name : `${program.name} ${program.versionMin} or newer`
  return [
    old === undefined ? `${wanted} is needed and was not found.` : `${wanted} is needed; this is ${old}.`,
    `  Debian, Ubuntu: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${program.debian}`,
    `  Fedora:         ${program.fedora}`,
    `  macOS:          ${program.macos}`,
    ...(program.hint === undefined ? [] : [`  ${program.hint}`]),
  ].join('\n')
}

/**
 * @param {string} root
 * @param {Program} program
 * @returns {Promise<string>}
 */
export async function ensure(root, program) {
  const path = await obtain(root, program)
  if (path === undefined) throw new SetupError(advice(program, find(program).old))
  return path
}
