import { describe, expect, test } from 'vitest'
import type { EndpointFact, GpuFact, ServerFact, TopologyFacts } from './facts.ts'
import { resolveTopology } from './resolve.ts'

const server = (instance: string, rest: Partial<ServerFact> = {}): ServerFact => ({
  server: 'vllm',
  instance,
  model: 'llama',
  endpoint: '',
  labels: {},
  gateway: false,
  fresh: true,
  ...rest,
})
const gpu = (host: string, uuid: string, rest: Partial<GpuFact> = {}): GpuFact => ({
  host,
  gpu: uuid.slice(-1),
  uuid,
  mig_id: '',
  mig_profile: '',
  device: 'H100',
  pci_bus_id: '',
  namespace: '',
  pod: '',
  container: '',
  target: `http://${host}:9400/metrics`,
  fresh: true,
  ...rest,
})
const endpoint = (name: string, rest: Partial<EndpointFact> = {}): EndpointFact => ({ name, ...rest })
const answer = (name: string, model: string, instance = '') => ({ endpoint: name, model, instance })
const resolve = (facts: Partial<TopologyFacts>) =>
  resolveTopology({ endpoints: [], servers: [], gpus: [], answers: [], ownHosts: ['box'], ...facts })

/** `endpoint instance model @host uuids`, a doubtful one in brackets. */
function told(facts: Partial<TopologyFacts>): string[] {
  return resolve(facts).links.map(({ endpoint: name, instance, model, host, gpu_uuids, mig_ids, ambiguous }) => {
    const gpus = gpu_uuids.map((uuid, index) => [uuid, mig_ids[index]].filter(Boolean).join('/'))
    const text = `${name || '?'} ${instance || '-'} ${model} @${host} ${gpus.join(' ')}`.trim()
    return ambiguous ? `(${text})` : text
  })
}
const reasons = (facts: Partial<TopologyFacts>) =>
  resolve(facts).ambiguities.map(({ reason, subject }) => `${reason} ${subject}`)

describe('the endpoint of a server', () => {
  const a = server('vllm-1:8000')

  test('configured: by its target, by the address that the endpoint forwards to', () => {
    expect(told({ servers: [server('vllm-1:8000', { endpoint: 'chat' })] })).toEqual(['chat vllm-1:8000 llama @'])
    const forwards = endpoint('chat', { upstream: 'http://vllm-1:8000/v1', gpu_hour_usd: 2.5 })
    const { links } = resolve({ servers: [a], endpoints: [forwards] })
    expect(links).toMatchObject([
      { endpoint: 'chat', endpoint_source: 'config', gpu_source: '', gpu_hour_usd: 2.5, ambiguous: false },
    ])
    expect(links[0]?.why).toBe(
      'Endpoint: the endpoint forwards to this address. GPUs: no GPU of its host or pod is scraped.',
    )
  })

  test('two endpoints that forward to one server are both served by it', () => {
    const endpoints = ['chat', 'batch'].map((name) => endpoint(name, { upstream: 'http://vllm-1:8000' }))
    expect(told({ servers: [a], endpoints })).toEqual(['batch vllm-1:8000 llama @', 'chat vllm-1:8000 llama @'])
    expect(reasons({ servers: [a], endpoints })).toEqual([])
  })

  test.each([
    ['http://llama.prod.svc.cluster.local:8000', 'chat'],
    ['http://llama.prod:8000', 'chat'],
    ['http://llama:8000', 'chat'],
    ['http://llama.dev.svc:8000', '?'],
    ['http://llama.example.com:8000', '?'],
  ])('Kubernetes: %s is Service llama of prod: %s', (upstream, expected) => {
    const pod = server('10.0.0.7:8000', { labels: { namespace: 'prod', service: 'llama', pod: 'llama-0' } })
    const [link] = resolve({ servers: [pod], endpoints: [endpoint('chat', { upstream })] }).links
    expect(link?.endpoint || '?').toBe(expected)
    expect(link?.endpoint_source).toBe(expected === '?' ? '' : 'kubernetes')
  })

  test('its address: calls name it, or the endpoint forwards to another port of it', () => {
    expect(resolve({ servers: [a], answers: [answer('chat', 'other', 'vllm-1:8000')] }).links).toMatchObject([
      { endpoint: 'chat', endpoint_source: 'host' },
    ])
    const beside = [endpoint('chat', { upstream: 'http://vllm-1:9000' })]
    expect(told({ servers: [a], endpoints: beside })).toEqual(['chat vllm-1:8000 llama @'])
    // Its calls are answered with another model: it is another server on that host.
    expect(told({ servers: [a], endpoints: beside, answers: [answer('chat', 'qwen')] })).toEqual([
      '? vllm-1:8000 llama @',
    ])
  })

  test('its model, when one endpoint alone is answered with it', () => {
    const endpoints = [endpoint('chat', { upstream: 'https://gateway' }), endpoint('code')]
    const answers = [answer('chat', 'llama'), answer('code', 'qwen'), answer('nobody-configured', 'llama')]
    expect(resolve({ servers: [a], endpoints, answers }).links).toMatchObject([
      { endpoint: 'chat', endpoint_source: 'model', ambiguous: false },
    ])
  })

  test('a model of three servers and two endpoints is told as ambiguous, not guessed', () => {
    const servers = ['a:1', 'b:1', 'c:1'].map((instance) => server(instance))
    const endpoints = [endpoint('chat'), endpoint('batch')]
    const answers = [answer('chat', 'llama'), answer('batch', 'llama')]
    expect(told({ servers, endpoints, answers })).toEqual([
      '? a:1 llama @',
      '? b:1 llama @',
      '? c:1 llama @',
      '(batch a:1 llama @)',
      '(batch b:1 llama @)',
      '(batch c:1 llama @)',
      '(chat a:1 llama @)',
      '(chat b:1 llama @)',
      '(chat c:1 llama @)',
    ])
    const { ambiguities } = resolve({ servers, endpoints, answers })
    expect(ambiguities[0]).toEqual({
      reason: 'topology_endpoint',
      subject: 'a:1',
      why: 'a:1 may serve batch or chat: calls of the endpoint were answered with its model llama, and that is true of each',
    })
  })

  test('an endpoint that forwards to one server is not evidence for another with the same model', () => {
    const endpoints = [endpoint('chat', { upstream: 'http://a:1' }), endpoint('batch')]
    const servers = [server('a:1'), server('b:1')]
    const answers = [answer('chat', 'llama', 'a:1'), answer('chat', 'llama'), answer('batch', 'llama')]
    expect(told({ servers, endpoints, answers })).toEqual(['batch b:1 llama @', 'chat a:1 llama @'])
  })
})

describe('the GPUs of a server', () => {
  const gpus = [gpu('node-1', 'GPU-0'), gpu('node-1', 'GPU-1'), gpu('node-2', 'GPU-2')]

  test('configured for its endpoint, in the order of their ids', () => {
    const endpoints = [endpoint('chat', { upstream: 'http://a:1', gpus: { host: 'node-1' }, gpu_hour_usd: 3 })]
    const { links } = resolve({ endpoints, servers: [server('a:1')], gpus: gpus.toReversed() })
    expect(links).toMatchObject([
      { endpoint: 'chat', host: 'node-1', gpu_uuids: ['GPU-0', 'GPU-1'], gpu_source: 'config', gpu_hour_usd: 3 },
    ])
  })

  test('one link per host that the configuration chooses', () => {
    const endpoints = [endpoint('chat', { upstream: 'http://a:1', gpus: { device: 'H100' } })]
    expect(told({ endpoints, servers: [server('a:1')], gpus })).toEqual([
      'chat a:1 llama @node-1 GPU-0 GPU-1',
      'chat a:1 llama @node-2 GPU-2',
    ])
  })

  test('a choice that matches nothing, or that names no column, is told', () => {
    for (const chosen of [{ host: 'node-9' }, { rack: 'r1' }]) {
      const endpoints = [endpoint('chat', { upstream: 'http://node-1:1', gpus: chosen })]
      const facts = { endpoints, servers: [server('node-1:1')], gpus }
      expect(told(facts)).toEqual(['chat node-1:1 llama @'])
      expect(reasons(facts)).toEqual(['topology_gpus_unmatched chat'])
    }
  })

  test('of an endpoint without a scraped server they stand alone', () => {
    const endpoints = [endpoint('chat', { gpus: { host: 'node-1' } })]
    expect(told({ endpoints, gpus })).toEqual(['chat -  @node-1 GPU-0 GPU-1'])
  })

  test('of an endpoint with several servers: each has those of its own host, the others are shared and told', () => {
    const endpoints = [endpoint('chat', { gpus: { device: 'H100' } })]
    const servers = [
      server('node-1:1', { endpoint: 'chat' }),
      server('node-2:1', { endpoint: 'chat' }),
      server('elsewhere:1', { endpoint: 'chat' }),
    ]
    const facts = { endpoints, servers, gpus: [...gpus, gpu('node-3', 'GPU-3')] }
    expect(told(facts)).toEqual([
      'chat -  @node-3 GPU-3',
      'chat elsewhere:1 llama @',
      'chat node-1:1 llama @node-1 GPU-0 GPU-1',
      'chat node-2:1 llama @node-2 GPU-2',
    ])
    expect(reasons(facts)).toEqual(['topology_shared_gpus chat'])
  })

  test('its pod holds them, whatever else is on the node', () => {
    const labels = { namespace: 'prod', pod: 'llama-0', node: 'node-1' }
    const held = [
      gpu('node-1', 'GPU-0', { namespace: 'prod', pod: 'llama-0' }),
      gpu('node-1', 'GPU-1', { namespace: 'dev', pod: 'llama-0' }),
      gpu('node-1', 'GPU-2'),
    ]
    expect(resolve({ servers: [server('10.0.0.1:1', { labels })], gpus: held }).links).toMatchObject([
      { host: 'node-1', gpu_uuids: ['GPU-0'], gpu_source: 'pod' },
    ])
    // In a pod that holds none, those of other pods are not its own.
    const other = server('10.0.0.2:1', { labels: { ...labels, pod: 'llama-9' } })
    expect(told({ servers: [other], gpus: held })).toEqual(['? 10.0.0.2:1 llama @node-1 GPU-2'])
  })

  test.each([
    ['the host of its address', 'node-1:8000', {}, 'GPU-0 GPU-1'],
    ['the host of its target, not of its address', '10.0.0.9:8000', { host: 'node-2' }, 'GPU-2'],
    ['its node', '10.0.0.9:8000', { node: 'NODE-2' }, 'GPU-2'],
    ['nothing', '10.0.0.9:8000', {}, ''],
  ])('they are on its host: %s', (_, instance, labels, expected) => {
    const [link] = resolve({ servers: [server(instance, { labels })], gpus }).links
    expect(link?.gpu_uuids.join(' ')).toBe(expected)
    expect(link?.gpu_source).toBe(expected === '' ? '' : 'host')
  })

  test('what is scraped on loopback runs on this machine', () => {
    expect(told({ servers: [server('127.0.0.1:8000')], gpus: [gpu('box', 'GPU-0')] })).toEqual([
      '? 127.0.0.1:8000 llama @box GPU-0',
    ])
    expect(told({ servers: [server('localhost:8000')], gpus: [gpu('127.0.0.1', 'GPU-0')] })).toEqual([
      '? localhost:8000 llama @127.0.0.1 GPU-0',
    ])
  })

  test('two servers on one host: which GPUs each uses is told as ambiguous', () => {
    const servers = [server('node-1:8000', { endpoint: 'chat' }), server('node-1:8001', { endpoint: 'code' })]
    const facts = { servers, gpus }
    expect(told(facts)).toEqual([
      'chat node-1:8000 llama @',
      '(chat node-1:8000 llama @node-1 GPU-0 GPU-1)',
      'code node-1:8001 llama @',
      '(code node-1:8001 llama @node-1 GPU-0 GPU-1)',
    ])
    expect(reasons(facts)).toEqual(['topology_gpus node-1'])
  })

  test('one server with two models is no rival of its own; a gateway has no GPUs and is none either', () => {
    const servers = [
      server('node-1:8000'),
      server('node-1:8000', { model: 'qwen' }),
      server('node-1:4000', { server: 'litellm', gateway: true }),
    ]
    expect(told({ servers, gpus })).toEqual([
      '? node-1:4000 llama @',
      '? node-1:8000 llama @node-1 GPU-0 GPU-1',
      '? node-1:8000 qwen @node-1 GPU-0 GPU-1',
    ])
  })

  test('a server that took over from another has its GPUs to itself', () => {
    const servers = [server('node-1:8000', { fresh: false }), server('node-1:8001')]
    expect(told({ servers, gpus })).toEqual(['? node-1:8000 llama @', '? node-1:8001 llama @node-1 GPU-0 GPU-1'])
    expect(reasons({ servers, gpus })).toEqual([])
    // Not seen for a while, but nobody took over: nothing changed.
    expect(told({ servers: servers.slice(0, 1), gpus })).toEqual(['? node-1:8000 llama @node-1 GPU-0 GPU-1'])
  })

  test('two machines of one name are told, and nothing is counted', () => {
    const twins = [gpu('node-1', 'GPU-a0'), gpu('node-1', 'GPU-b0', { target: 'http://other:9400/metrics' })]
    const facts = { servers: [server('node-1:8000')], gpus: twins }
    expect(told(facts)).toEqual(['? node-1:8000 llama @', '(? node-1:8000 llama @node-1 GPU-a0 GPU-b0)'])
    expect(reasons(facts)).toEqual(['topology_host_twice node-1'])
    const [old, now] = twins
    const replaced = [{ ...(old as GpuFact), fresh: false }, now as GpuFact]
    expect(reasons({ ...facts, gpus: replaced })).toEqual([])
  })

  test('a GPU in parts counts by its parts; one that two exporters show counts once', () => {
    const parts = [
      gpu('node-1', 'GPU-0'),
      gpu('node-1', 'GPU-0', { mig_id: '1' }),
      gpu('node-1', 'GPU-0', { mig_id: '2', pod: 'other', namespace: 'prod' }),
      gpu('node-1', 'GPU-1'),
      gpu('node-1', 'GPU-1', { target: 'http://node-1:9835/metrics' }),
    ]
    const labels = { namespace: 'prod', pod: 'llama-0', host: 'node-1' }
    expect(told({ servers: [server('10.0.0.1:1', { labels })], gpus: parts })).toEqual([
      '? 10.0.0.1:1 llama @node-1 GPU-0/1 GPU-1',
    ])
  })
})

test('the order of facts does not matter', () => {
  const facts = {
    endpoints: [endpoint('chat', { upstream: 'http://node-1:1' }), endpoint('code', { gpus: { host: 'node-2' } })],
    servers: [server('node-1:1'), server('node-2:1', { model: 'qwen' }), server('node-2:2', { model: 'qwen' })],
    gpus: [gpu('node-1', 'GPU-0'), gpu('node-2', 'GPU-1'), gpu('node-2', 'GPU-2')],
    answers: [answer('code', 'qwen')],
  }
  const turned = Object.fromEntries(Object.entries(facts).map(([name, list]) => [name, list.toReversed()]))
  expect(told(turned)).toEqual(told(facts))
  expect(resolve(turned).links).toEqual(resolve(facts).links)
})

test('nothing known is nothing told', () => {
  expect(resolve({})).toEqual({ links: [], ambiguities: [] })
})
