import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SetupError, say } from './capture.js'

const pollMs = 200
const beatMs = 2_000
const silenceMsMax = 20_000
const waitMsMax = 15 * 60_000

/**
 * Does the work while no other process does any under the same lock, so that two starts at once do not break each
 * other's installation. The lock is a file that its holder touches every 2 s; a holder that is dead, or silent for 20 s,
 * has lost it.
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, work) {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'lock')
  await acquire(file)
  const beat = setInterval(() => touch(file), beatMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    rmSync(file, { force: true })
  }
}

/** @param {string} file */
async function acquire(file) {
  const startedAt = performance.now()
  let seen = ''
  let seenAt = startedAt
  while (!tryTake(file)) {
    const state = look(file)
    if (state.text !== seen) {
      if (seen === '') say('Another set-up is at work here; waiting for it.')
      seen = state.text
      seenAt = performance.now()
    }
    if (state.holder !== undefined && (!isAlive(state.holder.pid) || performance.now() - seenAt > silenceMsMax)) {
      takeAway(file, state.holder.token)
    } else if (performance.now() - startedAt > waitMsMax) {
      throw new SetupError(`Another set-up has held ${file} for 15 minutes. If none runs, remove that file.`)
    } else {
      await delay(pollMs * (0.5 + Math.random()))
    }
  }
}

/** @param {string} file */
function tryTake(file) {
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, JSON.stringify({ pid: process.pid, token: randomUUID() }))
  try {
    // A link appears whole or not at all, so that nobody ever reads half a lock.
    linkSync(draft, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Only one process can ever link the name that belongs to a holder's token, and only that one removes the holder's lock:
 * without this, two that wait could both find it stale and one would remove the other's fresh lock.
 * @param {string} file
 * @param {string} token
 */
function takeAway(file, token) {
  const claim = `${file}.stale-${token}`
  try {
    linkSync(file, claim)
    // The holder may have let go, and another taken the lock, since it was looked at.
    if (look(claim).holder?.token === token) rmSync(file)
    else rmSync(claim)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
  }
}

/**
 * @param {string} file
 * @returns {{ text: string, holder?: { pid: number, token: string } }}
 */
function look(file) {
  try {
    const text = readFileSync(file, 'utf8')
    return { text: `${statSync(file).mtimeMs} ${text}`, holder: JSON.parse(text) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: '' }
    throw error
  }
}

/** @param {string} file */
function touch(file) {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch (error) {
    // Whoever took the lock away from us has its own; the work that is under way can only go on.
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
