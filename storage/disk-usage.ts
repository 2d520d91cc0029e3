/** What a directory takes up on its disk, and how much room is left there. */
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

export interface DiskUsage {
  /** Of the files as they are long; what goes away meanwhile does not count. */
  bytes: number
  /** By the name of what lies directly below it. */
  parts: { name: string; bytes: number }[]
  /** Room that this user may still fill, and all of the disk; null where the system does not say. */
  free_bytes: number | null
  total_bytes: number | null
}

export async function diskUsage(path: string): Promise<DiskUsage> {
  const below = await readdir(path, { withFileTypes: true })
  const parts: DiskUsage['parts'] = []
  for (const entry of below) {
    const at = join(path, entry.name)
    parts.push({ name: entry.name, bytes: entry.isDirectory() ? await bytesBelow(at) : await bytesOf(at) })
  }
  const disk = await statfs(path).catch(() => null)
  return {
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: parts.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)),
    free_bytes: disk && disk.bavail * disk.bsize,
    total_bytes: disk && disk.blocks * disk.bsize,
  }
}

/** One folder after the other, so that nothing else waits for the disk. */
async function bytesBelow(folder: string): Promise<number> {
  let sum = 0
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const at = join(folder, entry.name)
    if (entry.isDirectory()) sum += await bytesBelow(at)
    else if (entry.isFile()) sum += await bytesOf(at)
  }
  return sum
}

async function bytesOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0
}
