import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import type { QueueSample } from '../../records/queue-sample.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { jobQueues } from './job-queues.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const hour = { from: noon, to: noon + 3_600_000 }
let storage: Awaited<ReturnType<typeof testStorage>>

function sample(queue: string, atSecond: number, more: Partial<QueueSample>): QueueSample {
  return {
    timestamp: (noon + atSecond * 1000) * 1000,
    interval_ms: 10_000,
    target: 'http://a/metrics',
    system: 'rabbitmq',
    queue,
    endpoint: '',
    waiting: null,
    running: null,
    oldest_age_ms: null,
    consumers: null,
    arrived: null,
    done: null,
    failed: null,
    ...more,
  }
}

const call = (endpoint: string, id: number, cost_usd: number | null) => ({
  ...emptyRequest(),
  timestamp: noon * 1000 + id,
  trace_id: `${id}`,
  span_id: `${id}`,
  endpoint,
  cost_usd,
})

beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'queue_samples', [
    sample('batch', 0, { endpoint: 'llama', waiting: 10, interval_ms: null }),
    sample('batch', 10, { endpoint: 'llama', waiting: 8, running: 2, oldest_age_ms: 5_000, done: 30, failed: 1 }),
    sample('batch', 20, { endpoint: 'llama', waiting: 4, running: null, oldest_age_ms: null, done: 10, failed: 0 }),
    // A second exporter that sees the same queue, and stopped.
    sample('batch', 5, { target: 'http://b/metrics', endpoint: 'llama', waiting: 99, done: 500 }),
    sample('shared-a', 10, { endpoint: 'both', waiting: 1, done: 5 }),
    sample('shared-b', 10, { endpoint: 'both', waiting: 2, done: 5 }),
    sample('alone', 10, { waiting: null }),
    // Its exporter moved to another address, as pods do.
    sample('moved', 10, { target: 'http://old/metrics', waiting: 3, done: 7 }),
    sample('moved', 20, { target: 'http://old/metrics', waiting: 3, done: 3 }),
    sample('moved', 1_800, { target: 'http://new/metrics', waiting: 6, interval_ms: null }),
    sample('moved', 1_810, { target: 'http://new/metrics', waiting: 5, done: 1 }),
    sample('batch', -10, { endpoint: 'llama', waiting: 77, done: 1_000 }),
  ])
  await store(storage.db, 'requests', [
    call('llama', 1, 0.5),
    call('llama', 2, 0.3),
    call('llama', 3, null),
    call('both', 4, 1),
    call('other', 5, 9),
  ])
})
afterAll(() => storage.stop())

test('how queues are, what was done, and what a job cost', async () => {
  const unknown = { running: null, oldest_age_ms: null, consumers: null, arrived: null, failed: null }
  expect(await jobQueues(storage.reader, hour)).toEqual([
    {
      ...unknown,
      system: 'rabbitmq',
      queue: 'moved',
      endpoint: '',
      timestamp_ms: noon + 1_810_000,
      waiting: 5,
      done: 11,
      done_per_second: 11 / 30,
      cost_usd: null,
      cost_per_job_usd: null,
    },
    {
      ...unknown,
      system: 'rabbitmq',
      queue: 'batch',
      endpoint: 'llama',
      timestamp_ms: noon + 20_000,
      waiting: 4,
      done: 40,
      failed: 1,
      done_per_second: 2,
      cost_usd: 0.8,
      cost_per_job_usd: 0.02,
    },
    {
      ...unknown,
      system: 'rabbitmq',
      queue: 'shared-b',
      endpoint: 'both',
      timestamp_ms: noon + 10_000,
      waiting: 2,
      done: 5,
      done_per_second: 0.5,
      cost_usd: 1,
      cost_per_job_usd: null,
    },
    {
      ...unknown,
      system: 'rabbitmq',
      queue: 'shared-a',
      endpoint: 'both',
      timestamp_ms: noon + 10_000,
      waiting: 1,
      done: 5,
      done_per_second: 0.5,
      cost_usd: 1,
      cost_per_job_usd: null,
    },
    {
      ...unknown,
      system: 'rabbitmq',
      queue: 'alone',
      endpoint: '',
      timestamp_ms: noon + 10_000,
      waiting: null,
      done: null,
      done_per_second: null,
      cost_usd: null,
      cost_per_job_usd: null,
    },
  ])
})
