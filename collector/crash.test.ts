import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { jsonRequest, jsonSpan } from './otlp/testing.ts'

const kills = Number(process.env['CRASH_ROUNDS'] ?? 6)
const senders = 4
const perRequest = 20

let storage: Awaited<ReturnType<typeof testStorage>>
let dataDir = ''
let child: ChildProcess | null = null
beforeAll(async () => {
  storage = await testStorage()
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-crash-'))
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(password: string): Promise<{ process: ChildProcess; address: string }> {
  const process = fork(new URL('testing-child.ts', import.meta.url), [dataDir, storage.url, password], { execArgv: [] })
  child = process
  const [address] = (await once(process, 'message')) as [string]
  return { process, address }
}

test(`killed ${kills} times under load: every acknowledged span is there, once`, async () => {
  const password = (await readFile(join(storage.data_dir, 'keys', 'writer'), 'utf8')).trim()
  const acked = new Set<string>()
  const sentOnce = new Set<string>()
  let collector = await start(password)
  const load = new AbortController()
  let made = 0

  const send = async () => {
    while (!load.signal.aborted) {
      const ids = Array.from({ length: perRequest }, () => (++made).toString(16).padStart(16, '0'))
      const now = `${Date.now()}000000`
      const span = (spanId: string) =>
        jsonSpan({
          spanId,
          startTimeUnixNano: now,
          endTimeUnixNano: now,
          attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }],
        })
      const body = JSON.stringify(jsonRequest(ids.map(span)))
      for (let tries = 1; !load.signal.aborted; tries++) {
        const response = await fetch(`http://${collector.address}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        }).catch(() => null)
        if (response?.status === 200) {
          for (const id of ids) acked.add(id)
          if (tries === 1) for (const id of ids) sentOnce.add(id)
          break
        }
        await sleep(10)
      }
    }
  }
  const sending = Array.from({ length: senders }, send)
  for (let kill = 0; kill < kills; kill++) {
    await sleep(30 + Math.random() * 300)
    collector.process.kill('SIGKILL')
    await once(collector.process, 'exit')
    collector = await start(password)
  }
  load.abort()
  await Promise.all(sending)
  collector.process.send('drain')
  await once(collector.process, 'message')

  expect(acked.size).toBeGreaterThan(kills * perRequest)
  for (const table of ['spans', 'requests']) {
    const rows = await storage.db.query<{ span_id: string }>(`select span_id from ${table}`)
    const stored = new Set(rows.map((row) => row.span_id))
    expect(rows).toHaveLength(stored.size)
    expect([...acked].filter((id) => !stored.has(id))).toEqual([])
    // What was sent once was inserted once: not even rows that a merge would remove are there twice.
    const twice = await storage.db.query<{ span_id: string }>(
      `select span_id from ${table} group by span_id having count() > 1`,
      {},
      { settings: { final: 0 } },
    )
    expect(twice.filter((row) => sentOnce.has(row.span_id))).toEqual([])
  }
})
