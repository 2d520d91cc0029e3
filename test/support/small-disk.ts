/** A data directory on a disk of its own, small enough to be filled. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyTemplate } from '../../storage/testing.ts'
import { instanceFolder, removeFolder } from './instance.ts'

export interface SmallDisk {
  /** Of the configuration; the disk is the data directory in it. */
  folder: string
  /** Takes all but `free` bytes of it. */
  fill(free: number): void
  /** Gives back what `fill` took. */
  makeRoom(): void
  remove(): void
}

/** Null where this user may not mount a file system. `database`: what is on the disk, as in `instanceFolder`. */
export function smallDisk(config: object, size = '128m', database: 'migrated' | 'none' = 'migrated'): SmallDisk | null {
  const folder = instanceFolder(config, 'none')
  const data = join(folder, 'data')
  mkdirSync(data)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'inferwatch-test', data], { stdio: 'ignore' })
  } catch {
    removeFolder(folder)
    return null
  }
  if (database === 'migrated') copyTemplate(data)
  const fillers: string[] = []
  return {
    folder,
    fill(free) {
      const { bavail, bsize } = statfsSync(data)
      const bytes = bavail * bsize - free
      if (bytes <= 0) return
      fillers.push(join(data, `filler-${fillers.length}`))
      try {
        writeFileSync(fillers.at(-1) ?? '', Buffer.alloc(bytes, 1))
      } catch (error) {
        // The product was quicker: what is left is taken all the same.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    makeRoom() {
      for (const path of fillers.splice(0)) rmSync(path)
    },
    remove() {
      execFileSync('umount', ['--lazy', data])
      removeFolder(folder)
    },
  }
}
