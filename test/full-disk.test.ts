/** The whole product on a disk of its own that fills up under load. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { jsonRequest, jsonSpan } from '../collector/otlp/testing.ts'
import { startLoad } from './durability/load.ts'
import { compareStored } from './durability/proof.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, startInstance, type Instance } from './support/instance.ts'

/** Null where this user may not mount a file system: the test is then skipped. */
function smallDisk(): { folder: string; data: string; unmount: () => void } | null {
  const folder = instanceFolder({ alerts: { shipped_rules: false }, spool: { segment_bytes: 2 ** 21 } })
  const data = join(folder, 'data')
  mkdirSync(data)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'inferwatch-test', data], { stdio: 'ignore' })
  } catch {
    removeFolder(folder)
    return null
  }
  return { folder, data, unmount: () => execFileSync('umount', ['--lazy', data]) }
}

const disk = smallDisk()

/** Takes all but `free` bytes of the disk. */
function fill(name: string, free: number): void {
  const { bavail, bsize } = statfsSync(disk?.data ?? '')
  const bytes = bavail * bsize - free
  if (bytes > 0) writeFileSync(join(disk?.data ?? '', name), Buffer.alloc(bytes, 1))
}

async function status({ urls }: Instance, path: string, body?: string): Promise<number> {
  const base = body === undefined ? urls.dashboard : urls.otlp_http
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(base + path, body === undefined ? {} : { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}

test.skipIf(disk === null)(
  'a full disk: 503, nothing acked is lost, and it recovers when there is room',
  async () => {
    const folder = disk?.folder ?? ''
    const instance = await startInstance(folder)
    const load = startLoad(() => instance.urls.otlp_http, 1)
    const probe = JSON.stringify(jsonRequest([jsonSpan({ attributes: [] })]))
    try {
      expect(await status(instance, '/v1/traces', probe)).toBe(200)
      await eventually('rows are taken', () => Promise.resolve(load.acked.length > 500 ? true : null))
      fill('filler', 4 * 2 ** 20)
      await eventually('it is refused', async () =>
        (await status(instance, '/v1/traces', probe)) === 503 ? true : null,
      )
      expect(await status(instance, '/readyz')).toBe(503)
      // To the last byte: not even the engine can write now.
      for (let round = 0; round < 5; round++) {
        fill(`filler-${round}`, 0)
        await sleep(300)
      }
      expect(await status(instance, '/v1/traces', probe)).toBe(503)
      const full = load.acked.length

      for (const name of ['filler', 'filler-0', 'filler-1', 'filler-2', 'filler-3', 'filler-4'])
        rmSync(join(disk?.data ?? '', name), { force: true })
      await eventually('it is taken again', () => Promise.resolve(load.acked.length > full + 100 ? true : null))
      await load.finish()
      const probed = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', call: null }
      const none = { missing: 0, duplicated: 0, unexpected: 0, wrong: 0 }
      expect(await compareStored(instance, [...load.acked, probed])).toEqual({
        spans: none,
        requests: none,
        rollupsEqual: true,
      })
      expect(await status(instance, '/readyz')).toBe(200)
    } finally {
      await instance.stop()
      await load.finish().catch(() => undefined)
      disk?.unmount()
      removeFolder(folder)
    }
  },
  240_000,
)
