/** Where files go: a place that takes each as a whole or not at all. */
import { randomUUID } from 'node:crypto'
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolders } from '../folders.ts'

export interface Destination {
  /** For people; without secrets. */
  readonly place: string
  /** A folder for files on their way, on the disk where `put` can move them from. */
  readonly staging: string
  /** Moves a file there; one of the same name is replaced in one step. */
  put(staged: string, name: string): Promise<void>
  write(name: string, text: string): Promise<void>
  /** Null when there is none. */
  read(name: string): Promise<string | null>
  /** Nothing happens when there is none. */
  remove(name: string): Promise<void>
}

const temporary = /^\..*\.tmp$/

/**
 * A name that no reader of exports takes for one. Each is new: the engine may still be writing an earlier one, whose process died
 * before it was done.
 */
export const temporaryName = (name: string) => `.${basename(name)}.${randomUUID()}.tmp`

/** Removes what a process left that died. */
export async function clearStaging(folder: string): Promise<void> {
  await makeFolders(folder)
  for (const name of await readdir(folder)) if (temporary.test(name)) await rm(join(folder, name), { force: true })
}

export function folderDestination(folder: string): Destination {
  const moveIn = async (path: string, name: string) => {
    await synced(path)
    await rename(path, join(folder, name))
    await synced(dirname(join(folder, name)))
  }
  return {
    place: folder,
    staging: folder,
    put: moveIn,
    async write(name, text) {
      const path = join(folder, temporaryName(name))
      await makeFolders(folder)
      const file = await open(path, 'w')
      try {
        await file.writeFile(text)
      } finally {
        await file.close()
      }
      await moveIn(path, name)
    },
    async read(name) {
      try {
        return await readFile(join(folder, name), 'utf8')
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
        throw error
      }
    },
    remove: (name) => rm(join(folder, name), { force: true }),
  }
}

/** On the disk, not only in its cache: a power failure must not leave a name without its bytes. */
async function synced(path: string): Promise<void> {
  const file = await open(path)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
