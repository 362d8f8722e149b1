import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must, SetupError, say } from './capture.js'
import { withLock } from './lock.js'
import { isInstalled } from './lockfile.js'
import { npmEnvironment } from './modules.js'

/** It ignores offers to upgrade a connection that the server does not take (`shouldUpgradeCallback`). */
const versionMin = [24, 9]
const platforms = ['linux-x64', 'linux-arm64']

/**
 * @param {string} version such as `24.21.0` or `v24.21.0`
 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const [majorMin = 0, minorMin = 0] = versionMin
  return major > majorMin || (major === majorMin && minor >= minorMin)
}

/**
 * The npm package that holds Node for a machine, or undefined where there is none.
 * @param {string} platform
 * @param {string} arch
 */
export function nodePackage(platform, arch) {
  return platforms.includes(`${platform}-${arch}`) ? `node-${platform}-${arch}` : undefined
}

/**
 * The path of a Node that can run the server: the one that runs this where it is new enough, else one from the npm
 * registry, pinned with its integrity by scripts/toolchain/package-lock.json and kept in `.toolchain/`.
 * @param {string} root
 * @returns {Promise<string>}
 */
export async function ensureNode(root) {
  if (isNewEnough(process.versions.node)) return process.execPath
  const name = nodePackage(process.platform, process.arch)
  if (name === undefined) {
    throw new SetupError(
      `Node ${versionMin.join('.')} or newer is needed; this is ${process.versions.node}, and there is none to bring for ` +
        `${process.platform}-${process.arch}. Install it from https://nodejs.org and start again.`,
    )
  }
  const toolchain = join(root, '.toolchain')
  const node = join(toolchain, 'node_modules', name, 'bin', 'node')
  if (!isThere(root, node)) {
    await withLock(toolchain, async () => {
      if (!isThere(root, node)) await bring(root, toolchain, name)
    })
  }
  return node
}

/**
 * @param {string} root
 * @param {string} node
 */
function isThere(root, node) {
  const wanted = join(root, 'scripts', 'toolchain', 'package-lock.json')
  return isInstalled(wanted, join(root, '.toolchain', 'node_modules', '.package-lock.json')) && existsSync(node)
}

/**
 * @param {string} root
 * @param {string} toolchain
 * @param {string} name
 */
async function bring(root, toolchain, name) {
  const source = join(root, 'scripts', 'toolchain')
  const { packages } = JSON.parse(readFileSync(join(source, 'package-lock.json'), 'utf8'))
  const { version } = packages[`node_modules/${name}`]
  say(`Node ${version}: brought from the npm registry to .toolchain, since this is ${process.versions.node}.`)

  for (const left of readdirSync(toolchain).filter((entry) => /^(incoming|outgoing)-/.test(entry))) {
    rmSync(join(toolchain, left), { recursive: true, force: true })
  }
  // It comes into its place by a rename, so that what an interrupted run leaves is never taken for whole.
  const incoming = join(toolchain, `incoming-${process.pid}`)
  const outgoing = join(toolchain, `outgoing-${process.pid}`)
  mkdirSync(incoming)
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(incoming, file))
  const args = ['ci', '--ignore-scripts', '--include=optional', '--no-audit', '--no-fund']
  await must(`Bringing Node ${version}`, 'npm', args, { cwd: incoming, env: npmEnvironment() })
  await must(`Trying Node ${version}`, join(incoming, 'node_modules', name, 'bin', 'node'), ['--version'])
  const place = join(toolchain, 'node_modules')
  if (existsSync(place)) renameSync(place, outgoing)
  renameSync(join(incoming, 'node_modules'), place)
  rmSync(incoming, { recursive: true, force: true })
  rmSync(outgoing, { recursive: true, force: true })
}
