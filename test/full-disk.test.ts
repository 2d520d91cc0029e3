/** The whole product on a disk of its own that fills up under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { jsonRequest, jsonSpan } from '../collector/otlp/testing.ts'
import { startLoad } from './durability/load.ts'
import { compareStored } from './durability/proof.ts'
import { eventually } from './support/eventually.ts'
import { startInstance, type Instance } from './support/instance.ts'
import { smallDisk } from './support/small-disk.ts'

async function status({ urls }: Instance, path: string, body?: string): Promise<number> {
  const base = body === undefined ? urls.dashboard : urls.otlp_http
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(base + path, body === undefined ? {} : { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}

test('a full disk: 503, nothing acked is lost, and it recovers when there is room', async ({ skip }) => {
  const disk = smallDisk({ alerts: { shipped_rules: false }, spool: { segment_bytes: 2 ** 21 } })
  if (!disk) {
    skip('only a user who may mount a file system can make a small disk')
    return
  }
  const instance = await startInstance(disk.folder)
  const load = startLoad(() => instance.urls.otlp_http, 1)
  const probe = JSON.stringify(jsonRequest([jsonSpan({ attributes: [] })]))
  const probed = {
    trace_id: '5b8efff798038103d269b633813fc60c',
    span_id: 'eee19b7ec3c1b174',
    parent_span_id: '',
    call: null,
  }
  try {
    expect(await status(instance, '/v1/traces', probe)).toBe(200)
    await eventually('rows are taken', () => Promise.resolve(load.acked.length > 500 ? true : null))
    disk.fill(4 * 2 ** 20)
    await eventually('it is refused', async () => ((await status(instance, '/v1/traces', probe)) === 503 ? true : null))
    expect(await status(instance, '/readyz')).toBe(503)
    // To the last byte: not even the engine can write now.
    for (let round = 0; round < 5; round++) {
      disk.fill(0)
      await sleep(300)
    }
    expect(await status(instance, '/v1/traces', probe)).toBe(503)
    const before = load.acked.length

    disk.makeRoom()
    await eventually('rows are taken again', () => Promise.resolve(load.acked.length > before + 100 ? true : null))
    await load.finish()
    const none = { missing: 0, duplicated: 0, unexpected: 0, wrong: 0 }
    expect(await compareStored(instance, [...load.acked, probed])).toEqual({ spans: none, requests: none })
    expect(await status(instance, '/readyz')).toBe(200)
  } finally {
    disk.makeRoom()
    await load.abandon()
    await instance.stop()
    disk.remove()
  }
}, 240_000)
