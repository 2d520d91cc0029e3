import { expect, test } from 'vitest'
import { scrapeConfig } from '../../config.ts'
import { localGpus } from './local.ts'

const found = '/usr/bin/nvidia-smi'
const own = new Set(['localhost', '127.0.0.1', 'gpu-1', '10.0.0.7'])
const tried = { url: 'nvidia-smi:', tentative: true }

test.each<[string, object, string | null, object | null]>([
  ['there is one', {}, found, tried],
  ['there is none', {}, null, null],
  ['switched off', { nvidia_smi: 'off' }, found, null],
  [
    'asked for',
    { nvidia_smi: { interval: '30s' } },
    found,
    { url: 'nvidia-smi:/usr/bin/nvidia-smi', interval: '30s', tentative: false },
  ],
  ['asked for and not there', { nvidia_smi: {} }, null, { url: 'nvidia-smi:', interval: undefined, tentative: false }],
  [
    'a path',
    { nvidia_smi: { path: '/opt/a b/nvidia-smi' } },
    null,
    { url: 'nvidia-smi:/opt/a%20b/nvidia-smi', interval: undefined, tentative: false },
  ],
  [
    'less of it',
    { nvidia_smi: { format: 'csv' } },
    found,
    { url: 'nvidia-smi:/usr/bin/nvidia-smi?format=csv', interval: undefined, tentative: false },
  ],
  ['a target of its own', { targets: [{ url: 'nvidia-smi:' }] }, found, null],
  ['DCGM on this host', { targets: [{ url: 'http://localhost:9400/metrics' }] }, found, null],
  [
    'DCGM on this host, at another port',
    { targets: [{ url: 'http://GPU-1:19400/metrics', kind: 'dcgm' }] },
    found,
    null,
  ],
  ['nvidia_gpu_exporter by address', { targets: [{ url: 'http://10.0.0.7:9835/metrics' }] }, found, null],
  ['DCGM on another host', { targets: [{ url: 'http://gpu-2:9400/metrics' }] }, found, tried],
  ['a server on this host', { targets: [{ url: 'http://localhost:8000/metrics' }] }, found, tried],
  [
    'a server of another kind at that port',
    { targets: [{ url: 'http://localhost:9400/metrics', kind: 'vllm' }] },
    found,
    tried,
  ],
])('%s', (_, config, program, expected) => {
  expect(localGpus(scrapeConfig.parse(config), program, own)).toEqual(expected)
})

test.each([
  { nvidia_smi: 'on' },
  { nvidia_smi: { path: '' } },
  { nvidia_smi: { every: '1s' } },
  { targets: [{ url: 'ftp:/x' }] },
])('%j is no configuration', (config) => {
  expect(scrapeConfig.safeParse(config).success).toBe(false)
})
