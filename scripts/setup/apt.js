import { rmSync, writeFileSync } from 'node:fs'
import { capture, must } from './capture.js'

const policyFile = '/usr/sbin/policy-rc.d'
const install = ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300']

/**
 * Installs a Debian package as root, with its service left stopped: the server runs its own.
 * @param {string} name
 */
export async function installWithApt(name) {
  const isOurs = forbidServices()
  try {
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    // The lists are fetched only where they are missing or too old to be of use.
    const { code } = await capture('apt-get', [...install, name], options)
    if (code === 0) return
    await must('Fetching the package lists', 'apt-get', ['update', '-q'], options)
    await must(`Installing ${name}`, 'apt-get', [...install, name], options)
  } finally {
    if (isOurs) rmSync(policyFile, { force: true })
  }
}

/**
 * Debian asks this file whether a package may start its service (101: no). One that is there already is the machine's own
 * and stays. Ours is removed after the installation; should that be cut short, it forbids nothing once we are gone, and
 * removes itself when it is next asked. Gives whether the file is ours.
 * @param {string} [file]
 * @param {number} [pid]
 */
export function forbidServices(file = policyFile, pid = process.pid) {
  const lines = ['#!/bin/sh', `kill -0 ${pid} 2>/dev/null && exit 101`, 'rm -f "$0"', 'exit 0', '']
  try {
    writeFileSync(file, lines.join('\n'), { mode: 0o755, flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
