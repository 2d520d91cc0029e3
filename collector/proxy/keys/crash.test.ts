import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Ledger, type Entry } from './ledger.ts'
import { readJournal } from './journal.ts'
import { hashOf } from './ring.ts'
import { spendingDir } from './spending.ts'

const kills = Number(process.env['CRASH_ROUNDS'] ?? 5)
const limit = 1_500
const senders = 6
const secret = 'iw-the-key-of-search'

/** Each answer has 100 tokens of input and 20 of output: 0.00045 dollars. */
const answer = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
})
let served = 0
const leaked: string[] = []
const upstream = createServer((request, response) => {
  served++
  if (request.headers.authorization !== 'Bearer sk-real') leaked.push(String(request.headers.authorization))
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer))
})

let dataDir = ''
let child: ChildProcess | null = null
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-keys-crash-'))
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  child?.kill('SIGKILL')
  upstream.closeAllConnections()
  upstream.close()
  rmSync(dataDir, { recursive: true, force: true })
})

interface Said {
  port: number
  issues: Record<string, number>
}

interface Started extends Said {
  process: ChildProcess
}

const said = async (process: ChildProcess) => ((await once(process, 'message')) as [Said])[0]
const unknownOf = ({ issues }: Said) => issues['proxy key_spending_unknown'] ?? 0

async function start(): Promise<Started> {
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const args = [dataDir, url, hashOf(secret), String(limit)]
  const process = fork(new URL('testing-child.ts', import.meta.url), args, { execArgv: [] })
  child = process
  return { process, ...(await said(process)) }
}

test(`killed ${kills} times under load: no call is forgotten, none counted twice`, async () => {
  let proxy = await start()
  let unknown = 0
  let killing = true
  const statuses = new Map<number, number>()

  const send = async () => {
    for (;;) {
      const status = await fetch(`http://127.0.0.1:${proxy.port}/proxy/gpt/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] }),
      }).then(
        async (response) => (await response.text(), response.status),
        () => 0,
      )
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 429 && !killing) return
      if (status !== 200) await sleep(10)
    }
  }
  const sending = Array.from({ length: senders }, send)
  for (let kill = 0; kill < kills; kill++) {
    await sleep(30 + Math.random() * 200)
    proxy.process.kill('SIGKILL')
    await once(proxy.process, 'exit')
    proxy = await start()
    unknown += unknownOf(proxy)
  }
  killing = false
  await Promise.all(sending)
  // On a busy machine a call may go unobserved.
  const ends = said(proxy.process)
  proxy.process.send('stop')
  unknown += unknownOf(await ends) - unknownOf(proxy)
  await once(proxy.process, 'exit')

  const ledger = new Ledger()
  const { entries, damaged } = readJournal<Entry>(spendingDir(dataDir))
  for (const entry of entries) ledger.apply(entry)
  const used = ledger.used('search', Date.parse('2026-11-26T22:06:18Z'))
  const known = used.tokens / 120
  expect(damaged).toBe(0)
  // The limit lets exactly as many calls begin as it says, over all the processes.
  expect(used.requests).toBe(limit)
  expect(served).toBeLessThanOrEqual(limit)
  expect(served).toBeGreaterThanOrEqual(limit - kills * senders)
  // Each has its tokens and its dollars in the sum, once, or is told as unknown.
  expect(ledger.abandon()).toEqual(new Map())
  expect(known + unknown).toBe(limit)
  expect(known).toBeLessThanOrEqual(served)
  expect(used.usd).toBeCloseTo(known * 0.00045, 9)
  expect(leaked).toEqual([])
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([0, 200, 429])
})
