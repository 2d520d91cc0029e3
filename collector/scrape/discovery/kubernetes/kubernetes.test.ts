/** Discovery against an API server: what it does over time, and what can go wrong between. */
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { discoveryConfig } from '../config.ts'
import type { Provider } from '../provider.ts'
import { fastClock, hear, until, type Heard } from '../testing.ts'
import { startKubernetesProvider } from './index.ts'
import { testApi, testPod, type TestApi } from './testing-api.ts'

let api: TestApi
let heard: Heard
let provider: Provider

const start = (config: object = {}, env: NodeJS.ProcessEnv = {}, factor = 1_000) => {
  const [one] = discoveryConfig.parse({
    kubernetes: [{ known: false, resync_interval: '365d', ...api.config, ...config }],
  }).kubernetes
  if (!one) throw new Error('no provider')
  ;({ heard, provider } = hear(
    (events, services) => startKubernetesProvider(one, events, services, env),
    fastClock(factor),
  ))
}
const lists = () => api.asked.filter(({ query }) => !query.has('watch'))
const watches = () => api.asked.filter(({ query }) => query.has('watch'))
const pod = (name: string, ip: string) => testPod(name, ip, { ports: [{ name: 'http', containerPort: 8000 }] })

beforeEach(async () => {
  api = await testApi()
})
afterEach(async () => {
  await provider?.stop()
  await api.stop()
})

test('lists, then follows what is added, changed and deleted', async () => {
  api.put('pods', pod('a', '10.0.0.1'))
  start()
  await until(() => heard.addresses().join() === '10.0.0.1:8000' && api.watches() === 1)
  const [before] = heard.labels
  api.put('pods', pod('b', '10.0.0.2'))
  await until(() => heard.addresses().join() === '10.0.0.1:8000,10.0.0.2:8000')
  expect(heard.labels[0]).toBe(before)
  api.put('pods', pod('a', '10.0.0.3'))
  await until(() => heard.addresses().join() === '10.0.0.2:8000,10.0.0.3:8000')
  api.remove('pods', 'b')
  await until(() => heard.addresses().join() === '10.0.0.3:8000')
  expect(heard.errors).toEqual([])
  expect(lists()).toHaveLength(1)
  expect(watches()[0]?.query.get('allowWatchBookmarks')).toBe('true')
})

test('a long list comes in pages', async () => {
  for (let index = 0; index < 1_201; index++) api.put('pods', pod(`p${index}`, `10.1.${index >> 8}.${index & 255}`))
  start()
  await until(() => heard.labels.length === 1_201)
  expect(lists().map(({ query }) => query.get('continue'))).toEqual([null, '500', '1000'])
})

test('a list whose pages are forgotten meanwhile is asked for at once', async () => {
  for (let index = 0; index < 600; index++) api.put('pods', pod(`p${index}`, `10.1.${index >> 8}.${index & 255}`))
  api.instead = ({ query }, response) => {
    if (!query.has('continue')) return false
    response.writeHead(410).end('{"message":"the provided continue parameter is too old"}')
    return true
  }
  start()
  await until(() => heard.labels.length === 600)
  expect(lists().map(({ query }) => query.get('limit'))).toEqual(['500', '500', null])
})

test('a list that comes in drops is waited for; one that is cut off is asked for again', async () => {
  const text = JSON.stringify({ items: [pod('a', '10.0.0.1')], metadata: { resourceVersion: '1' } })
  let round = 0
  api.instead = ({ query }, response) => {
    if (query.has('watch')) return false
    round += 1
    response.writeHead(200, { 'content-length': text.length })
    const drop = (at: number) => {
      if (at >= text.length) response.end()
      else if (round === 1 && at > 100) response.destroy()
      else response.write(text.slice(at, at + 20), () => setImmediate(drop, at + 20))
    }
    drop(0)
    return true
  }
  start()
  await until(() => heard.addresses().join() === '10.0.0.1:8000')
  expect(heard.errors[0]).toContain('the answer was cut off')
})

describe('after a watch ended', () => {
  test.each(['end', 'destroy'] as const)('(%s) it goes on where it was, and misses nothing', async (how) => {
    api.put('pods', pod('a', '10.0.0.1'))
    start()
    await until(() => api.watches() === 1 && heard.labels.length === 1)
    api.bookmark('pods')
    const seen = String(api.version())
    api.put('services', { metadata: { name: 'elsewhere' } })
    await until(() => heard.times > 1)
    api.cut(how)
    api.put('pods', pod('b', '10.0.0.2'))
    await until(() => heard.labels.length === 2)
    expect(lists()).toHaveLength(1)
    expect(watches()[1]?.query.get('resourceVersion')).toBe(seen)
    await until(() => heard.error === '')
  })

  test('a version that is forgotten (410 as status) makes it list anew', async () => {
    api.put('pods', pod('a', '10.0.0.1'))
    start()
    await until(() => api.watches() === 1)
    api.cut('destroy')
    api.remove('pods', 'a')
    api.put('pods', pod('b', '10.0.0.2'))
    api.oldest = api.version()
    await until(() => heard.addresses().join() === '10.0.0.2:8000')
    expect(lists()).toHaveLength(2)
  })

  test('a version that is forgotten (410 as event) makes it list anew', async () => {
    api.put('pods', pod('a', '10.0.0.1'))
    start()
    await until(() => api.watches() === 1)
    const before = lists().length
    api.send('pods', '{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}\n')
    await until(() => lists().length === before + 1 && api.watches() === 1)
    expect(heard.errors).toEqual([])
  })
})

test('a line that is no JSON breaks the watch; after several it lists anew', async () => {
  api.put('pods', pod('a', '10.0.0.1'))
  start()
  for (let round = 0; round < 4; round++) {
    await until(() => api.watches() === 1)
    const before = watches().length
    api.send('pods', '{"type":"ADDED","object":\n')
    await until(() => watches().length > before)
  }
  await until(() => lists().length === 2)
  await until(() => heard.error === '' && heard.addresses().join() === '10.0.0.1:8000')
  expect(heard.errors[0]).toContain('the API sends what is no JSON')
})

test('objects of an unknown form are left out, lines may come in pieces, errors of the watch are told', async () => {
  api.put('pods', pod('a', '10.0.0.1'))
  api.put('pods', { metadata: { name: 'odd' }, spec: 'none' })
  start()
  await until(() => api.watches() === 1)
  const line = JSON.stringify({ type: 'ADDED', object: pod('é', '10.0.0.9') })
  api.send('pods', line.slice(0, 40))
  api.send('pods', `${line.slice(40)}\n\n`)
  await until(() => heard.addresses().join() === '10.0.0.1:8000,10.0.0.9:8000')
  api.send('pods', '{"type":"ERROR","object":{"code":500,"message":"etcd is away"}}\n')
  await until(() => heard.errors.length > 0)
  expect(heard.errors[0]).toBe('the API ends the watch: etcd is away')
})

test('everything is listed anew after a while', async () => {
  api.put('pods', pod('a', '10.0.0.1'))
  api.pace = 1_000
  start({ resync_interval: '1m' })
  await until(() => lists().length >= 3)
  expect(heard.errors).toEqual([])
})

describe('refused', () => {
  test('a missing rule is named', async () => {
    api.instead = (_, response) => {
      response.writeHead(403).end('{"message":"pods is forbidden: User x cannot list resource pods"}')
      return true
    }
    start()
    await until(() => heard.error !== '')
    expect(heard.error).toBe(
      'the service account may not list and watch pods in all namespaces (403): give it a ClusterRole with the rule ' +
        '{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }, or set namespaces; ' +
        'pods is forbidden: User x cannot list resource pods',
    )
    api.put('pods', pod('a', '10.0.0.1'))
    api.instead = null
    await until(() => heard.labels.length === 1)
    expect(heard.error).toBe('')
  })

  test('in one namespace it is a Role; of endpoint slices another group', async () => {
    api.instead = ({ resource }, response) => resource === 'endpointslices' && Boolean(response.writeHead(403).end())
    start({ role: 'endpointslice', namespaces: ['ml'] })
    await until(() => heard.error !== '')
    expect(heard.error).toContain('give it a Role in namespace ml with the rule { apiGroups: ["discovery.k8s.io"]')
  })

  test('a token that is renewed is read again', async () => {
    api.token = 'second-token'
    start({}, {}, 10_000)
    await until(() => heard.error.includes('does not accept the token (401)'))
    expect(heard.error).not.toContain('first-token')
    writeFileSync(api.config.token_file, 'second-token')
    await until(() => api.watches() === 1 && heard.error === '')
  })
})

describe('where the API is', () => {
  test('in a cluster, the environment says so', async () => {
    const { port } = new URL(api.config.api_server)
    api.put('pods', pod('a', '10.0.0.1'))
    start({ api_server: undefined }, { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port })
    await until(() => heard.labels.length === 1)
    expect(api.asked[0]?.token).toBe('first-token')
  })

  test('outside of one it has to be said', async () => {
    start({ api_server: undefined })
    await until(() => heard.error !== '')
    expect(heard.error).toContain(
      'this process runs in no cluster (KUBERNETES_SERVICE_HOST is not set): set api_server',
    )
  })

  test('an authority that is not its own', async () => {
    writeFileSync(api.config.ca_file, '')
    start()
    await until(() => heard.error !== '')
    expect(heard.error).toContain('certificate')
    expect(api.asked).toEqual([])
  })
})

test('namespaces, the own one among them, and selectors', async () => {
  api.put('pods', testPod('a', '10.0.0.1', { namespace: 'ml' }))
  api.put('pods', testPod('b', '10.0.0.2', { namespace: 'monitoring' }))
  api.put('pods', testPod('c', '10.0.0.3', { namespace: 'other' }))
  start({ namespaces: ['ml'], own_namespace: true, label_selector: 'app=vllm', field_selector: 'spec.nodeName=n' })
  await until(() => heard.labels.length === 2)
  expect(heard.addresses()).toEqual(['10.0.0.1', '10.0.0.2'])
  const [first] = lists()
  expect([first?.query.get('labelSelector'), first?.query.get('fieldSelector')]).toEqual([
    'app=vllm',
    'spec.nodeName=n',
  ])
})

describe('labels of Prometheus', () => {
  test('of a pod, one label set a port', async () => {
    api.put(
      'pods',
      testPod('vllm-0', '10.0.0.1', {
        namespace: 'ml',
        labels: { 'app.kubernetes.io/name': 'x', team: 'search' },
        annotations: { 'prometheus.io/port': '9', 'kubectl.kubernetes.io/last-applied-configuration': 'secret' },
        ports: [
          { name: 'http', containerPort: 8000 },
          { containerPort: 9000, protocol: 'UDP' },
        ],
      }),
    )
    start()
    await until(() => heard.labels.length === 2)
    expect(heard.labels[0]).toMatchObject({
      __address__: '10.0.0.1:8000',
      __meta_kubernetes_namespace: 'ml',
      __meta_kubernetes_pod_name: 'vllm-0',
      __meta_kubernetes_pod_ip: '10.0.0.1',
      __meta_kubernetes_pod_node_name: 'node-1',
      __meta_kubernetes_pod_phase: 'Running',
      __meta_kubernetes_pod_ready: 'true',
      __meta_kubernetes_pod_label_app_kubernetes_io_name: 'x',
      __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name: 'true',
      __meta_kubernetes_pod_annotation_prometheus_io_port: '9',
      __meta_kubernetes_pod_container_name: 'main',
      __meta_kubernetes_pod_container_image: 'example.com/app:1',
      __meta_kubernetes_pod_container_init: 'false',
      __meta_kubernetes_pod_container_port_name: 'http',
      __meta_kubernetes_pod_container_port_number: '8000',
      __meta_kubernetes_pod_container_port_protocol: 'TCP',
      namespace: 'ml',
      pod: 'vllm-0',
      node: 'node-1',
      host: 'node-1',
    })
    expect(heard.labels[1]).toMatchObject({ __address__: '10.0.0.1:9000' })
    expect(JSON.stringify(heard.labels)).not.toContain('secret')
  })

  test('of a service', async () => {
    api.put('services', {
      metadata: { name: 'gateway', namespace: 'ml', annotations: { a: 'b' } },
      spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] },
    })
    start({ role: 'service' })
    await until(() => heard.labels.length === 1)
    expect(heard.labels[0]).toMatchObject({
      __address__: 'gateway.ml.svc:80',
      __meta_kubernetes_service_name: 'gateway',
      __meta_kubernetes_service_port_name: 'http',
      __meta_kubernetes_service_annotation_a: 'b',
      namespace: 'ml',
      service: 'gateway',
    })
  })

  test('of endpoints, with those of their service and pod, whichever comes last', async () => {
    api.put('endpointslices', {
      metadata: { name: 'vllm-x', namespace: 'ml', labels: { 'kubernetes.io/service-name': 'vllm' } },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          nodeName: 'node-2',
          conditions: { ready: true },
          targetRef: { kind: 'Pod', name: 'vllm-0' },
        },
      ],
      ports: [{ name: 'http', port: 8000, protocol: 'TCP' }],
    })
    start({ role: 'endpointslice' })
    await until(() => heard.labels.length === 1 && api.watches() === 3)
    expect(heard.labels[0]).toMatchObject({
      __address__: '10.0.0.1:8000',
      __meta_kubernetes_endpointslice_name: 'vllm-x',
      __meta_kubernetes_endpointslice_port_name: 'http',
      __meta_kubernetes_endpointslice_endpoint_conditions_ready: 'true',
      service: 'vllm',
      node: 'node-2',
    })
    api.put('pods', testPod('vllm-0', '10.0.0.1', { namespace: 'ml', labels: { tier: 'a' } }))
    api.put('services', { metadata: { name: 'vllm', namespace: 'ml', labels: { app: 'vllm' } }, spec: {} })
    await until(
      () => heard.labels[0]?.['pod'] === 'vllm-0' && '__meta_kubernetes_service_name' in (heard.labels[0] ?? {}),
    )
    expect(heard.labels[0]).toMatchObject({
      __meta_kubernetes_pod_label_tier: 'a',
      __meta_kubernetes_service_label_app: 'vllm',
    })
  })
})

test('a part that is refused does not hold the others up', async () => {
  api.instead = ({ resource }, response) => resource === 'pods' && Boolean(response.writeHead(403).end())
  api.put('endpointslices', {
    metadata: { name: 'x' },
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 8000 }],
  })
  start({ role: 'endpointslice' })
  await until(() => heard.labels.length === 1)
  expect(heard.error).toContain('list and watch pods')
})

test('stop ends a list and a watch under way', async () => {
  api.instead = () => true
  start()
  await until(() => api.asked.length === 1)
  await provider.stop()
  await provider.stop()
  expect([heard.times, heard.errors]).toEqual([0, []])
})
