/**
 * Room on the spool's disk. ClickHouse needs some to take a segment (a copy of it, the part it becomes, merges), and
 * where both share the disk a spool that filled it to the last byte could never be emptied again.
 */
import { statfs } from 'node:fs/promises'

/** Bytes that may still be written, and bytes of the whole file system. */
export interface DiskSpace {
  free: number
  total: number
}

export async function diskSpace(dir: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(dir)
  return { free: bavail * bsize, total: blocks * bsize }
}

export interface DiskRoom {
  /** Why nothing more may be written; empty while there is room. As of the last `look`. */
  reason(): string
  look(): Promise<void>
}

/** Four segments are kept free, or a quarter of a disk that is smaller than sixteen. */
export function diskRoom(space: () => Promise<DiskSpace>, segmentBytes: number): DiskRoom {
  let reason = ''
  let looking = false
  return {
    reason: () => reason,
    async look() {
      // A file system that hangs is asked once, not once a tick.
      if (looking) return
      looking = true
      try {
        const { free, total } = await space()
        const reserve = Math.min(4 * segmentBytes, total / 4)
        const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`
        const wanted = `ClickHouse needs ${mebibytes(reserve)} to take segments in`
        reason = free < reserve ? `the disk has ${mebibytes(free)} left and ${wanted}: make room on it` : ''
      } catch {
        // A file system that does not say how full it is: writes themselves will tell.
        reason = ''
      }
      looking = false
    },
  }
}
