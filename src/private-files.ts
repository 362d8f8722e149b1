import { lstat, mkdir, stat } from 'node:fs/promises'

const permissions = (mode: number) => (mode & 0o7777).toString(8)

/**
 * Makes a folder that nobody else may enter, or takes one that is so already. Throws if it is a link, or another user's, or
 * open to others: whoever made it could listen on its sockets, or be connected to.
 */
export async function ownFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = await lstat(path)
  const uid = process.getuid?.() ?? found.uid
  const wrong = !found.isDirectory()
    ? 'is not a folder'
    : found.uid !== uid
      ? `belongs to the user with id ${found.uid}, and not to this one (${uid})`
      : (found.mode & 0o077) !== 0
        ? `is open to others (mode ${permissions(found.mode)})`
        : null
  if (wrong === null) return
  throw new Error(
    `${path} ${wrong}, so it can not be trusted. Look who made it and remove it, or set DATA_DIR to a shorter path.`,
  )
}

/** Throws if anybody may write into the folder, and so could put files there that this process would take for its own. */
export async function requireTrustedFolder(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o002) === 0) return
  throw new Error(
    `Everybody may write into the data folder ${path} (mode ${permissions(mode)}), so what lies there can not be trusted. ` +
      `Run "chmod o-w ${path}" if nobody did, or set DATA_DIR to another folder.`,
  )
}
