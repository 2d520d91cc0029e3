import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ImportError } from './error.ts'
import { parsePairs } from './mapping.ts'
import { barProgress, noProgress } from '../../storage/progress.ts'
import { summaryLines } from './summary.ts'

test('the summary says what went in, what did not and why', () => {
  const lines = summaryLines({
    file: 'requests.csv',
    format: null,
    table: 'requests',
    rows_read: 12_345,
    imported: 12_000,
    existing: 300,
    skipped: 0,
    skips: new Map(),
    rejected: 45,
    reasons: new Map([
      ['timestamp_invalid', 5],
      ['input_tokens_negative', 40],
    ]),
    rejects_file: 'requests.csv.rejected.jsonl',
    from: Date.UTC(2024, 0, 1) * 1000,
    to: Date.UTC(2024, 0, 2) * 1000,
    shift_us: 86_400_000_000,
    cost_usd: 12.3456,
    unpriced: 7,
    input_tokens: 1000,
    output_tokens: 10,
    elapsed_ms: 2000,
  })
  expect(lines).toEqual([
    'requests.csv: 12,345 rows read in 2.0 s (6,173 rows/s)',
    '  imported       12,000',
    '  already there  300',
    '  rejected       45',
    '    input_tokens_negative: 40',
    '    timestamp_invalid: 5',
    '  rejected rows, with reasons: requests.csv.rejected.jsonl',
    '  from 2024-01-01T00:00:00.000Z to 2024-01-02T00:00:00.000Z',
    '  moved in time by 1.000 days',
    '  tokens         1,000 in, 10 out',
    '  cost           12.35 USD; 7 rows without a known price',
  ])
})

test('progress is quiet where nobody watches, and counts on a terminal', () => {
  const pipe = new PassThrough() as unknown as NodeJS.WriteStream
  expect(barProgress(pipe)).toBe(noProgress)
  const written: string[] = []
  const terminal = new PassThrough().on('data', (data: Buffer) => written.push(String(data)))
  const bar = barProgress(Object.assign(terminal, { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream)
  bar.start(200)
  bar.update(100, 5000)
  bar.stop()
  expect(written.join('')).toContain('50% · 5,000 rows')
})

test('pairs as typed on the command line', () => {
  expect(parsePairs(['a=b, c = d', 'e=f=g'], '--map')).toEqual({ a: 'b', c: 'd', e: 'f=g' })
  expect(() => parsePairs(['a'], '--map')).toThrow(ImportError)
  expect(() => parsePairs(['=a'], '--set')).toThrow('--set: "=a" is not field=value')
})
