/** What must hold of increases on every page there is: cut anywhere, restarted, or written again. */
import { describe, expect, test } from 'vitest'
import type { ServerSample } from '../../../records/server-sample.ts'
import { PageReader } from '../page-reader.ts'
import { capture, capturedPages, fixture, fixtureNames, plainTarget } from '../testing.ts'

const pages = new Map([
  ...fixtureNames().map((name) => [name, fixture(name)] as const),
  ...capturedPages().map((name) => [name, capture(name)] as const),
])

/** Server rows of the last of several pages of one target, 10 s apart. A page that can't be read is skipped, as a failed scrape is. */
function read(...texts: string[]): ServerSample[] {
  const reader = new PageReader({ maxSeries: 10_000 })
  let rows: ServerSample[] = []
  for (const [index, text] of texts.entries()) {
    try {
      const page = reader.read(text, plainTarget, index * 10_000)
      page.commit()
      rows = page.rows.server_samples
    } catch {
      rows = []
    }
  }
  return rows
}

const gauges = new Set([
  'running',
  'waiting',
  'kv_cache_ratio',
  'max_concurrency',
  'kv_capacity_tokens',
  'batch_size',
  'prefix_hit_ratio',
  'draft_acceptance_ratio',
  'lora_active',
  'lora_max',
  'interval_ms',
  'timestamp',
])

/** Every increase that a row knows, by field. */
function increases(row: ServerSample): [string, number][] {
  return Object.entries(row).flatMap(([field, value]): [string, number][] => {
    if (gauges.has(field) || value === null) return []
    if (typeof value === 'number') return [[field, value]]
    if (value instanceof Map) return [...value].map(([key, count]) => [`${field} ${key}`, Number(count)])
    if (typeof value !== 'object' || !('counts' in value)) return []
    const { counts, ...rest } = value as { counts: number[]; sum?: number; sum_ms?: number }
    const sum: [string, number] = [`${field} sum`, rest.sum_ms ?? rest.sum ?? 0]
    return counts.map((count): [string, number] => [`${field} count`, count]).concat([sum])
  })
}

const grown = (rows: ServerSample[]) => rows.flatMap(increases).filter(([, value]) => value !== 0)

/** The first and last places, every line end, and some within every line. */
function cuts(page: string): number[] {
  const places = new Set([0, 1, page.length - 1])
  const lines = [...page.matchAll(/\n/g)].map(({ index }) => index)
  const step = Math.ceil(lines.length / Math.min(Math.max(40_000 / page.length, 4), 25))
  for (let at = 0; at < lines.length; at += step) {
    const [start, end] = [lines[at - 1] ?? 0, lines[at] ?? 0]
    for (const place of [end, end + 1, end - 1, end - 3, Math.floor((start + end) / 2)]) places.add(place)
  }
  return [...places].filter((place) => place >= 0 && place < page.length)
}

describe.each([...pages])('%s', (_, page) => {
  test('the same page again has no increase', () => {
    expect(grown(read(page, page))).toEqual([])
  })

  test('nothing grows when a page was cut off, wherever', () => {
    for (const at of cuts(page)) {
      const half = page.slice(0, at)
      expect({ at, grown: grown(read(half, page)) }).toEqual({ at, grown: [] })
      expect({ at, grown: grown(read(page, half, page)) }).toEqual({ at, grown: [] })
      expect({ at, grown: grown(read(half, half, page)) }).toEqual({ at, grown: [] })
      expect({ at, grown: grown(read(page, half)) }).toEqual({ at, grown: [] })
    }
  })

  test('after a restart increases are the new values, none negative', () => {
    const value = /^([^#\n].*) (\d\S*)$/gm
    const half = page.replaceAll(
      value,
      (_, series: string, text: string) => `${series} ${Math.floor(Number(text) / 2)}`,
    )
    const zero = page.replaceAll(value, '$1 0')
    const counted = (rows: ServerSample[]) => rows.map((row) => Object.fromEntries(increases(row)))
    expect(counted(read(page, half))).toEqual(counted(read(zero, half)))
    for (const row of read(page, half))
      for (const [, increase] of increases(row)) expect(increase).toBeGreaterThanOrEqual(0)
  })
})

test('the server around an engine counts from the page before also when the engine falls silent', () => {
  const page = `${fixture('kserve-vllm.prom')}python_info 1\n`
  const silent = page.replaceAll(/^.*vllm:.*\n/gm, '')
  const rows = read(page, page, silent)
  expect(rows.map(({ server }) => server)).toEqual(['kserve'])
  expect(grown(rows)).toEqual([])
})
