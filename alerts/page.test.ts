import { expect, test } from 'vitest'
import { pageOf } from './page.ts'

test.each([
  ['latency', { model: 'gpt-4o' }, '/requests'],
  ['gpu', { host: 'gpu-node-1', gpu: '0' }, '/gpus/gpu-node-1/0'],
  ['gpu', {}, '/gpus'],
  ['server', { instance: 'vllm-1:8000', model: 'llama' }, '/servers/vllm-1%3A8000'],
  ['server', {}, '/servers'],
  ['target', { url: 'http://vllm-1:8000/metrics' }, '/targets?target=http%3A%2F%2Fvllm-1%3A8000%2Fmetrics'],
  ['probe', { endpoint: 'chat' }, '/uptime'],
  ['budget', { team: 'search' }, '/cost'],
  ['self', {}, '/alerts'],
  ['absent', { host: 'gpu-node-1', gpu: '0' }, '/gpus/gpu-node-1/0'],
  ['absent', { instance: 'vllm-1:8000' }, '/servers/vllm-1%3A8000'],
  ['sql', { model: 'gpt-4o' }, '/requests'],
  // Nothing that a page of requests could show.
  ['sql', {}, '/alerts?view=rules&row=mine+Backlog'],
  ['sql', { alertname: 'Backlog', severity: 'page', team: 'platform' }, '/alerts?view=rules&row=mine+Backlog'],
])('%s of %o: %s', (kind, labels, page) => {
  const rule = { group: 'mine', id: 'Backlog', kind, filter: null, labels: { severity: 'page', team: 'platform' } }
  expect(pageOf(rule, labels)).toBe(page)
})

test('what is measured of requests is shown among them, whatever labels there are', () => {
  const rule = { group: 'mine', id: 'Slow', kind: 'latency', filter: {}, labels: {} }
  expect(pageOf(rule, {})).toBe('/requests')
})
