import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requirePrivateFile, requireTrustedFolder } from './private-files.ts'

/** The key with all scopes, and, where it was made just now, the file that keeps it. */
export interface AdminKey {
  readonly key: string
  readonly madeIn: string | null
}

/** Takes the key that was given, or the one kept in the folder, or makes one and keeps it there. */
export async function readAdminKey(given: string | undefined, folder: string): Promise<AdminKey> {
  if (given !== undefined) return { key: given, madeIn: null }
  const file = join(folder, 'admin-key')
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (kept !== null) {
    // Others may have read the key, or put one of their own in its place.
    await requireTrustedFolder(folder)
    await requirePrivateFile(file)
    return { key: kept.trim(), madeIn: null }
  }
  const key = randomBytes(24).toString('base64url')
  await mkdir(folder, { recursive: true })
  await requireTrustedFolder(folder)
  await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' })
  return { key, madeIn: file }
}
