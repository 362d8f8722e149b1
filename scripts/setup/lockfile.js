import { readFileSync } from 'node:fs'

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Locked
 * @typedef {{ packages?: Record<string, Locked> }} Lockfile
 */

/**
 * Whether what is installed is what the lockfile asks for. npm writes `node_modules/.package-lock.json` when an
 * installation is whole, with the version and the integrity of all that it put there, so an installation by hand counts
 * as well as ours.
 * @param {string} wanted path of the package-lock.json
 * @param {string} installed path of the node_modules/.package-lock.json
 */
export function isInstalled(wanted, installed) {
  const present = read(installed)
  return present !== undefined && fits(read(wanted) ?? {}, present)
}

/**
 * @param {Lockfile} wanted
 * @param {Lockfile} present
 * @param {{ platform: string, arch: string }} [machine]
 */
export function fits(wanted, present, machine = { platform: process.platform, arch: process.arch }) {
  const asked = Object.entries(wanted.packages ?? {}).filter(([path]) => path !== '')
  const found = present.packages ?? {}
  return (
    asked.length > 0 &&
    asked.every(([path, locked]) => {
      const there = found[path]
      if (there === undefined) return !isNeeded(locked, machine)
      return there.version === locked.version && there.integrity === locked.integrity
    }) &&
    Object.keys(found).every((path) => wanted.packages?.[path] !== undefined)
  )
}

/**
 * npm leaves an optional package out where it is not for the machine. One that names no machine may hang below such a
 * package, and one that names a libc may be for the other: of both, npm alone knows.
 * @param {Locked} locked
 * @param {{ platform: string, arch: string }} machine
 */
function isNeeded(locked, { platform, arch }) {
  if (!locked.optional && !locked.devOptional) return true
  if (locked.libc !== undefined || (locked.os === undefined && locked.cpu === undefined)) return false
  return (locked.os ?? [platform]).includes(platform) && (locked.cpu ?? [arch]).includes(arch)
}

/**
 * @param {string} file
 * @returns {Lockfile | undefined}
 */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // No file and a broken one mean the same: nothing there can be relied on.
    return undefined
  }
}
