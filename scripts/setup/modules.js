import { rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { must, say } from './capture.js'
import { withLock } from './lock.js'
import { isInstalled } from './lockfile.js'

/**
 * Installs the packages of package-lock.json where node_modules does not fit it. No install script of a package is run.
 * @param {string} root
 * @param {string} node
 */
export async function ensureModules(root, node) {
  const wanted = join(root, 'package-lock.json')
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (isInstalled(wanted, installed)) return
  await withLock(join(root, '.toolchain'), async () => {
    if (isInstalled(wanted, installed)) return
    say('Packages: installed by npm ci, since node_modules does not fit package-lock.json.')
    // An interrupted installation must not be taken for whole.
    rmSync(installed, { force: true })
    const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
    await must('Installing the packages', 'npm', args, { cwd: root, env: npmEnvironment(node) })
  })
}

/**
 * The environment for an npm of our own: what `npm start` sets for its script is about another package and command.
 * @param {string} [node]
 * @returns {NodeJS.ProcessEnv}
 */
export function npmEnvironment(node) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_(local_prefix|loglevel))/i.test(name),
  )
  const environment = Object.fromEntries(kept)
  return node === undefined ? environment : withFirstOnPath(environment, node)
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} node
 * @returns {NodeJS.ProcessEnv}
 */
export function withFirstOnPath(environment, node) {
  return { ...environment, PATH: [dirname(node), environment['PATH']].filter(Boolean).join(delimiter) }
}
