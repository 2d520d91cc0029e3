import { expect, test } from 'vitest'
import { grafanaLink } from './grafana.ts'
import { parseSearch } from './search.ts'

const link = (path: string, search = '') => grafanaLink('https://grafana.example/sub/', path, parseSearch(search))
const base = 'https://grafana.example/sub/d'

test.each([
  ['/', '', `${base}/inferwatch-overview?from=now-1h&to=now`],
  [
    '/',
    '?range=6h&model=a%26b&model=c&team=x',
    `${base}/inferwatch-overview?from=now-6h&to=now&var-model=a%26b&var-model=c`,
  ],
  ['/requests', '?from=1000&to=2000', `${base}/inferwatch-overview?from=1000&to=2000`],
  [
    '/models/gpt%2F4o',
    '?model=other&environment=prod',
    `${base}/inferwatch-model?from=now-1h&to=now&var-environment=prod&var-model=gpt%2F4o`,
  ],
  ['/servers/vllm-1%3A8000', '', `${base}/inferwatch-endpoint?from=now-1h&to=now&var-instance=vllm-1%3A8000`],
  ['/gpus/node-1/GPU-7', '', `${base}/inferwatch-gpus?from=now-1h&to=now&var-host=node-1`],
  ['/cost', '?team=search', `${base}/inferwatch-cost?from=now-1h&to=now&var-team=search`],
])('%s%s', (path, search, expected) => expect(link(path, search)).toBe(expected))

test('no dashboard matches the SQL page', () => expect(link('/sql')).toBeNull())
