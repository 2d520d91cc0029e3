import { expect, test } from 'vitest'
import type { MetricSample } from '../../records/server-sample.ts'
import type { Batch } from '../spool/index.ts'
import { gathering } from './gather.ts'

const row = (name: string): MetricSample => ({ timestamp: 1, target: 't', name, labels: new Map(), value: 1 })
const batch = (name: string): Batch => ({ metric_samples: [row(name)] })

/** A spool that keeps the names it got by append, and fails as told. */
function spool(fail: (names: string[]) => Error | null = () => null) {
  const appended: string[][] = []
  return {
    appended,
    async append({ metric_samples = [], ingest_issues = [] }: Batch) {
      const names = [...metric_samples, ...ingest_issues].map((item) => ('name' in item ? item.name : item.reason))
      const error = fail(names)
      if (error) throw error
      appended.push(names)
    },
  }
}

test('one alone goes at once, others that follow go together', async () => {
  const store = spool()
  const gathered = gathering(store, 200)
  await gathered.append(batch('a'))
  await Promise.all(['b', 'c', 'd'].map((name) => gathered.append(batch(name))))
  await gathered.append(batch('e'))
  expect(store.appended).toEqual([['a'], ['b', 'c', 'd'], ['e']])
})

test('what the spool refuses is refused for all of them, and the next is tried again', async () => {
  let full = true
  const store = spool(() => (full ? new Error('full') : null))
  const gathered = gathering(store, 50)
  await expect(gathered.append(batch('a'))).rejects.toThrow('full')
  const both = await Promise.allSettled([gathered.append(batch('b')), gathered.append(batch('c'))])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  full = false
  await gathered.append(batch('d'))
  expect(store.appended).toEqual([['d']])
})

test('a malformed row costs no other target its rows', async () => {
  const store = spool((names) => (names.includes('bad') ? new TypeError('malformed') : null))
  const gathered = gathering(store, 50)
  await gathered.append(batch('a'))
  const all = await Promise.allSettled(['b', 'bad', 'c'].map((name) => gathered.append(batch(name))))
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(store.appended).toEqual([['a'], ['b'], ['c']])
})

test('a page of very many series', async () => {
  const store = spool()
  const gathered = gathering(store, 50)
  await gathered.append(batch('a'))
  const many = { metric_samples: Array.from({ length: 200_000 }, () => row('m')) }
  await Promise.all([gathered.append(batch('b')), gathered.append(many)])
  expect(store.appended[1]).toHaveLength(200_001)
})
