/** Folders that are made where they are missing. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * One folder after the other: with `recursive`, Node tries for ever where the system refuses new folders with ENOENT,
 * as in /proc. Throws the error of the file system.
 */
export async function makeFolders(path: string, mode = 0o777): Promise<void> {
  if (await isFolder(path)) return
  const parent = dirname(path)
  if (parent !== path) await makeFolders(parent, mode)
  try {
    await mkdir(path, { mode })
  } catch (error) {
    // Another process may have made it in this moment.
    if (!(await isFolder(path))) throw error
  }
}

/** A path through a file is none either. */
function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
