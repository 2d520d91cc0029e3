/**
 * Streams whose pace is known: what the proxy says of time to first token and of the gaps between tokens, against the clock of the
 * stand-in that sent them.
 */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '../../collector/otlp/testing.ts'
import { gapBucket, gapQuantile } from '../../records/token-gaps.ts'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance } from '../support/instance.ts'

export interface TimesProof {
  streams: number
  atOnce: number
  /** Proxy's minus the stand-in's, in ms, over all streams. */
  ttftOffMs: Quantiles
  /** From the first token to the last. */
  lastTokenOffMs: Quantiles
  /** Share of streams whose TTFT is within 1 ms. */
  ttftWithin1Ms: number
  gaps: { proxy: Quantiles; standIn: Quantiles; counts: { proxy: number; standIn: number } }
}

interface Quantiles {
  p50: number
  p95: number
  p99: number
}

interface Sent {
  ttftMs: number
  gapsMs: number[]
}

interface Row {
  session_id: string
  ttft_ms: number | null
  last_token_ms: number | null
  itl_ms_counts: number[]
}

export async function proveTimes(streams: number, atOnce: number, seed = 1): Promise<TimesProof> {
  const sent = new Map<string, Sent>()
  const vendor = createServer((request, response) => {
    request.resume()
    const arrived = performance.now()
    const id = new URL(request.url ?? '', 'http://stand-in').searchParams.get('id') ?? ''
    const next = random(Number(id) + seed * 100_000)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    const play = async () => {
      await sleep(20 + next() * 200)
      const gapsMs: number[] = []
      let last = performance.now()
      const ttftMs = last - arrived
      const tokens = 10 + Math.floor(next() * 40)
      for (let token = 0; token < tokens; token++) {
        if (token > 0) {
          await sleep(2 + next() * 40)
          const now = performance.now()
          gapsMs.push(now - last)
          last = now
        }
        const choices = [{ index: 0, delta: { content: `token${token} ` }, finish_reason: null }]
        response.write(`data: ${JSON.stringify({ id: `chatcmpl-${id}`, model: 'paced', choices })}\n\n`)
      }
      response.end('data: [DONE]\n\n')
      sent.set(id, { ttftMs, gapsMs })
    }
    void play()
  })
  await once(vendor.listen(0, '127.0.0.1'), 'listening')
  const { port } = vendor.address() as AddressInfo
  const folder = instanceFolder({
    alerts: { shipped_rules: false },
    endpoints: [{ name: 'paced', upstream: `http://127.0.0.1:${port}` }],
  })
  const instance = await startInstance(folder)
  try {
    let next = 0
    const client = async () => {
      while (next < streams) await ask(`${instance.urls.dashboard}/proxy/paced/v1/chat/completions`, String(next++))
    }
    await Promise.all(Array.from({ length: atOnce }, client))
    const rows = await eventually('all is stored', async () => {
      const found = await sql<Row>(
        instance,
        `SELECT session_id, ttft_ms, last_token_ms, arrayMap(n -> toUInt32(n), itl_ms_counts) AS itl_ms_counts FROM requests`,
      )
      return found.length >= streams ? found : null
    })
    return { streams, atOnce, ...compare(rows, sent) }
  } finally {
    await instance.stop()
    vendor.closeAllConnections()
    vendor.close()
    removeFolder(folder)
  }
}

function compare(rows: Row[], sent: ReadonlyMap<string, Sent>): Omit<TimesProof, 'streams' | 'atOnce'> {
  const ttftOff: number[] = []
  const lastOff: number[] = []
  const proxyCounts: number[] = []
  const standInCounts: number[] = []
  for (const { session_id, ttft_ms, last_token_ms, itl_ms_counts } of rows) {
    const told = sent.get(session_id)
    if (!told) continue
    const sum = told.gapsMs.reduce((all, gap) => all + gap, 0)
    ttftOff.push((ttft_ms ?? Number.NaN) - told.ttftMs)
    lastOff.push((last_token_ms ?? Number.NaN) - (ttft_ms ?? Number.NaN) - sum)
    for (const [bucket, count] of itl_ms_counts.entries()) proxyCounts[bucket] = (proxyCounts[bucket] ?? 0) + count
    for (const gap of told.gapsMs) standInCounts[gapBucket(gap)] = (standInCounts[gapBucket(gap)] ?? 0) + 1
  }
  const whole = (counts: number[]) => Array.from({ length: counts.length }, (_, index) => counts[index] ?? 0)
  const total = (counts: number[]) => whole(counts).reduce((sum, count) => sum + count, 0)
  const ofGaps = (counts: number[]) => quantiles((quantile) => gapQuantile(whole(counts), quantile) ?? Number.NaN)
  return {
    ttftOffMs: ofValues(ttftOff),
    lastTokenOffMs: ofValues(lastOff),
    ttftWithin1Ms: ttftOff.filter((off) => Math.abs(off) <= 1).length / ttftOff.length,
    gaps: {
      proxy: ofGaps(proxyCounts),
      standIn: ofGaps(standInCounts),
      counts: { proxy: total(proxyCounts), standIn: total(standInCounts) },
    },
  }
}

function ofValues(values: number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b)
  return quantiles((quantile) => sorted[Math.floor((sorted.length - 1) * quantile)] ?? Number.NaN)
}

function quantiles(of: (quantile: number) => number): Quantiles {
  const rounded = (quantile: number) => Math.round(of(quantile) * 1_000) / 1_000
  return { p50: rounded(0.5), p95: rounded(0.95), p99: rounded(0.99) }
}

function ask(url: string, id: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-inferwatch-session': id }
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}?id=${id}`, { method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () => resolve()).on('error', reject)
    })
    request.on('error', reject).end(JSON.stringify({ model: 'paced', stream: true, messages: [] }))
  })
}
