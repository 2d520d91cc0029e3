import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'
import { gpusOfInstances } from './gpus-of-instance.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 21, 12)
const range = { from: noon, to: noon + 100 * minute }

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

test('GPUs of a server while they were its own: parts by their part, one that two exporters show once', async () => {
  const at = (minutes: number) => (noon + minutes * minute) * 1000
  const link = { endpoint: 'chat', instance: 'a:1', model: 'llama', host: 'n', version: 1 }
  await storage.db.insert('topology', [
    { ...link, valid_from: at(1), valid_to: at(3), gpu_uuids: ['GPU-0', 'GPU-1'], mig_ids: ['', '2'] },
    // Another model of it, and another time with another GPU.
    { ...link, model: 'qwen', valid_from: at(1), valid_to: at(3), gpu_uuids: ['GPU-0'], mig_ids: [''] },
    { ...link, valid_from: at(5), gpu_uuids: ['n/7'], mig_ids: [''] },
    { ...link, valid_from: at(1), host: 'm', ambiguous: true, gpu_uuids: ['GPU-9'], mig_ids: [''] },
    { ...link, valid_from: at(1), instance: 'b:1', gpu_uuids: ['GPU-8'], mig_ids: [''] },
  ])
  const gpu = (minutes: number, uuid: string, values: object) => ({
    timestamp: at(minutes),
    host: 'n',
    gpu: uuid.slice(-1),
    uuid,
    ...values,
  })
  await storage.db.insert('gpu_samples', [
    gpu(0, 'GPU-0', { utilization_ratio: 1 }),
    gpu(1, 'GPU-0', { utilization_ratio: 0.25, target: 'x', memory_used_bytes: 40, memory_total_bytes: 80 }),
    gpu(1, 'GPU-0', { utilization_ratio: 0.25, target: 'y' }),
    gpu(3, 'GPU-0', { utilization_ratio: 1 }),
    gpu(1, 'GPU-1', { utilization_ratio: 1 }),
    gpu(2, 'GPU-1', { mig_id: '2', utilization_ratio: 0.5 }),
    gpu(6, '', { gpu: '7', power_watts: 300 }),
    ...['GPU-8', 'GPU-9'].map((uuid) => gpu(2, uuid, { utilization_ratio: 1 })),
  ])
  const { lines, step_ms } = await gpusOfInstances(storage.reader, ['a:1'], range)
  expect(step_ms).toBe(minute)
  const first = lines.map(({ uuid, mig_id, utilization_ratio, memory_ratio, power_watts }) => [
    uuid,
    mig_id,
    utilization_ratio.slice(0, 4),
    memory_ratio.slice(0, 2),
    power_watts.slice(5, 7),
  ])
  expect(first).toEqual([
    ['GPU-0', '', [null, 0.25, null, null], [null, 0.5], [null, null]],
    ['GPU-1', '2', [null, null, 0.5, null], [null, null], [null, null]],
    ['n/7', '', [null, null, null, null], [null, null], [null, 300]],
  ])

  const both = await gpusOfInstances(storage.reader, ['a:1', 'b:1'], range)
  expect(both.lines.map(({ uuid }) => uuid)).toEqual(['GPU-0', 'GPU-1', 'GPU-8', 'n/7'])
})
