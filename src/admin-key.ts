import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WriteStream } from 'node:tty'
import { requireTrustedFolder } from './private-files.ts'

/** As the settings ask of a key that is given. */
const keyCharsMin = 16
const readByOthers = 0o044
const writtenByOthers = 0o022
const root = 0

/** The key with all scopes. */
export interface AdminKey {
  readonly key: string
  /** The file that keeps the key, if it was made just now; null if it was there, or was given. */
  readonly madeIn: string | null
  /** What an operator must know about the file that keeps the key; null if there is nothing. */
  readonly warning: string | null
}

/**
 * Takes the key that was given, or the one kept in the folder, or makes one and keeps it there. Throws if the file could
 * have been written by somebody else, since its key would then be theirs.
 */
export async function readAdminKey(given: string | undefined, folder: string): Promise<AdminKey> {
  if (given !== undefined) return { key: given, madeIn: null, warning: null }
  const file = join(folder, 'admin-key')
  await mkdir(folder, { recursive: true })
  await requireTrustedFolder(folder)
  const kept = await readKept(file)
  if (kept !== null) return { ...kept, madeIn: null }
  const key = randomBytes(24).toString('base64url')
  await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' })
  return { key, madeIn: file, warning: null }
}

async function readKept(file: string): Promise<Pick<AdminKey, 'key' | 'warning'> | null> {
  const opened = await open(file, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (opened === null) return null
  try {
    // Of the file that is open, so that what is checked is what is read.
    const { uid, mode } = await opened.stat()
    const own = process.geteuid?.() ?? uid
    if (uid !== own && uid !== root) {
      throw new Error(`${file} belongs to another user (uid ${uid}). Delete it, or set ADMIN_KEY.`)
    }
    if ((mode & writtenByOthers) !== 0) {
      throw new Error(`${file} can be written by other users. Delete it, so that a new key is made, or set ADMIN_KEY.`)
    }
    const key = (await opened.readFile('utf8')).trim()
    if (key.length < keyCharsMin) {
      throw new Error(`${file} has no key of ${keyCharsMin} characters or more. Delete it, so that a new key is made.`)
    }
    const open = (mode & readByOthers) !== 0
    return {
      key,
      warning: open
        ? `${file} can be read by other users: chmod 600 it. If one may have read it, delete it, so that a new key is made.`
        : null,
    }
  } finally {
    await opened.close()
  }
}

/**
 * What standard error says of a key that was made. Only a terminal is shown the key itself: anything else may be a file or
 * a collector that keeps it.
 */
export function adminKeyNotice(made: { readonly key: string; readonly file: string }, stream: Partial<WriteStream>) {
  if (stream.isTTY === true) return `ADMIN_KEY, shown this once and kept in ${made.file}: ${made.key}\n`
  return `ADMIN_KEY was made. It is kept in ${made.file}.\n`
}
