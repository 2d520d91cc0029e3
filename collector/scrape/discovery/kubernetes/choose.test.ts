/** What is scraped of what runs in a cluster, and where. */
import { describe, expect, test } from 'vitest'
import { skipLabel } from '../sift.ts'
import { chosenPort } from './choose.ts'
import { pod } from './objects.ts'
import { testPod } from './testing-api.ts'
import { thingOfPod } from './thing.ts'

const choose = (rest: Parameters<typeof testPod>[2]) => {
  const thing = thingOfPod(pod.parse(testPod('p', '10.0.0.1', { namespace: 'ml', ...rest })))
  return (thing && chosenPort(thing)[0]) ?? {}
}
const page = (rest: Parameters<typeof testPod>[2]) => {
  const labels = choose(rest)
  const { __scheme__: scheme = 'http', __address__: address, __metrics_path__: path = '/metrics' } = labels
  return labels[skipLabel] ?? `${scheme}://${address}${path}`
}
const port = (containerPort: number, name?: string) => ({ containerPort, ...(name !== undefined && { name }) })

describe('by annotation', () => {
  test.each<[string, Parameters<typeof testPod>[2], string]>([
    [
      'Prometheus’s',
      {
        annotations: {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': '9100',
          'prometheus.io/path': '/m',
          'prometheus.io/scheme': 'https',
        },
      },
      'https://10.0.0.1:9100/m',
    ],
    [
      'ours go before',
      {
        annotations: {
          'prometheus.io/scrape': 'false',
          'inferwatch.io/scrape': 'true',
          'inferwatch.io/port': '1',
          'prometheus.io/port': '2',
        },
      },
      'http://10.0.0.1:1/metrics',
    ],
    [
      'a port by name',
      {
        annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': 'stats' },
        ports: [port(1, 'http'), port(2, 'stats')],
      },
      'http://10.0.0.1:2/metrics',
    ],
    [
      'no port said',
      { annotations: { 'prometheus.io/scrape': 'true' }, ports: [port(1), port(2, 'http-metrics')] },
      'http://10.0.0.1:2/metrics',
    ],
    ['no port at all', { annotations: { 'prometheus.io/scrape': 'true' } }, 'http://10.0.0.1/metrics'],
  ])('%s', (_, rest, expected) => {
    expect(page(rest)).toBe(expected)
  })
})

describe('by what is known', () => {
  test.each<[string, Parameters<typeof testPod>[2], string]>([
    ['vLLM’s image', { image: 'docker.io/vllm/vllm-openai:v0.11.0' }, 'http://10.0.0.1:8000/metrics'],
    ['its declared port', { image: 'vllm/vllm-openai', ports: [port(8080, 'http')] }, 'http://10.0.0.1:8080/metrics'],
    [
      'the production stack',
      {
        image: 'my/vllm:1',
        labels: { 'helm-release-name': 'r', model: 'm' },
        ports: [port(8000, 'container-port'), port(55_555, 'zmq-port')],
      },
      'http://10.0.0.1:8000/metrics',
    ],
    [
      'llm-d: the engine behind its router',
      {
        labels: { 'llm-d.ai/inferenceServing': 'true' },
        containers: [
          { name: 'routing-proxy', image: 'ghcr.io/llm-d/llm-d-routing-sidecar:v0.3', ports: [port(8000)] },
          { name: 'vllm', image: 'ghcr.io/llm-d/llm-d-cuda:v0.3', ports: [port(8200, 'metrics')] },
        ],
      },
      'http://10.0.0.1:8200/metrics',
    ],
    [
      'KServe',
      { labels: { 'serving.kserve.io/inferenceservice': 'chat' }, ports: [port(8080)] },
      'http://10.0.0.1:8080/metrics',
    ],
    [
      'NIM',
      { labels: { 'app.kubernetes.io/part-of': 'nim-service' }, ports: [port(8000, 'api')] },
      'http://10.0.0.1:8000/v1/metrics',
    ],
    ['NIM by its image', { image: 'nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8' }, 'http://10.0.0.1:8000/v1/metrics'],
    ['TGI', { image: 'ghcr.io/huggingface/text-generation-inference:3@sha256:00' }, 'http://10.0.0.1:80/metrics'],
    ['SGLang', { image: 'lmsysorg/sglang:latest' }, 'http://10.0.0.1:30000/metrics'],
    [
      'Triton',
      { image: 'nvcr.io/nvidia/tritonserver:25.01-py3', ports: [port(8000, 'http'), port(8002)] },
      'http://10.0.0.1:8002/metrics',
    ],
    ['trtllm-serve', { image: 'nvcr.io/nvidia/tensorrt-llm/release:1.1' }, 'http://10.0.0.1:8000/prometheus/metrics'],
    ['DCGM by its chart', { labels: { 'app.kubernetes.io/name': 'dcgm-exporter' } }, 'http://10.0.0.1:9400/metrics'],
    [
      'DCGM by the GPU operator',
      { labels: { app: 'nvidia-dcgm-exporter' }, ports: [port(9400, 'metrics')] },
      'http://10.0.0.1:9400/metrics',
    ],
    [
      'an annotation changes what is known',
      { image: 'vllm/vllm-openai', annotations: { 'inferwatch.io/port': '9', 'inferwatch.io/path': '/m' } },
      'http://10.0.0.1:9/m',
    ],
    [
      'a side car’s port is not the server’s',
      {
        containers: [
          { name: 'istio-proxy', image: 'istio/proxyv2:1', ports: [port(15_090, 'http-envoy-metrics')] },
          { name: 'server', image: 'vllm/vllm-openai:1', ports: [port(8000)] },
        ],
      },
      'http://10.0.0.1:8000/metrics',
    ],
    [
      'an init container is no server',
      { initContainers: [{ name: 'i', image: 'vllm/vllm-openai' }] },
      expect.stringContaining('no server known') as string,
    ],
  ])('%s', (_, rest, expected) => {
    expect(page(rest)).toEqual(expected)
  })
})

describe('not at all', () => {
  test.each<[string, Parameters<typeof testPod>[2], string]>([
    ['nothing asks for it', {}, 'it has no annotation inferwatch.io/scrape: "true"'],
    ['not wanted', { image: 'vllm/vllm-openai', annotations: { 'inferwatch.io/scrape': 'false' } }, 'is "false"'],
    ['ended', { image: 'vllm/vllm-openai', phase: 'Succeeded' }, 'the pod has ended (Succeeded)'],
  ])('%s', (_, rest, reason) => {
    expect(choose(rest)[skipLabel]).toContain(reason)
  })

  test('a pod without an address yet is nothing', () => {
    expect(thingOfPod(pod.parse(testPod('p', '')))).toBe(null)
  })
})

test('what a target is joined by: the server’s own pod; of an exporter only the node', () => {
  const annotations = { 'inferwatch.io/endpoint': 'chat', 'inferwatch.io/kind': 'vllm' }
  const labels = { 'serving.kserve.io/inferenceservice': 'llama' }
  expect(choose({ image: 'vllm/vllm-openai', labels, annotations })).toMatchObject({
    namespace: 'ml',
    pod: 'p',
    node: 'node-1',
    host: 'node-1',
    inferenceservice: 'llama',
    __endpoint__: 'chat',
    __kind__: 'vllm',
  })
  const exporter = choose({ labels: { app: 'dcgm-exporter' } })
  expect(exporter).toMatchObject({ node: 'node-1', host: 'node-1' })
  expect(['namespace', 'pod'].filter((name) => name in exporter)).toEqual([])
})

test('how many GPUs it asks for', () => {
  const limits = { 'nvidia.com/gpu': '2', 'nvidia.com/mig-1g.10gb': 1, cpu: '4' }
  const containers = [{ name: 'a', resources: { limits } }, { name: 'b' }]
  expect(choose({ containers })['__meta_kubernetes_pod_gpus']).toBe('3')
  expect(choose({})['__meta_kubernetes_pod_gpus']).toBe('')
})

test('IPv6 addresses stand in brackets', () => {
  const six = thingOfPod(pod.parse(testPod('p', 'fd00::1', { image: 'vllm/vllm-openai' })))
  expect(six && chosenPort(six)[0]?.['__address__']).toBe('[fd00::1]:8000')
})
