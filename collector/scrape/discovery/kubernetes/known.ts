/**
 * Inference servers and GPU exporters as they are usually deployed. To add one: what its image is called, which labels its chart
 * or operator puts on its pods, and where its metrics are unless the pod says otherwise.
 */

export interface KnownServer {
  name: string
  /** Of the image without its tag. */
  image?: RegExp
  /** Labels of which one set is there; null is any value. */
  labels?: readonly Readonly<Record<string, string | null>>[]
  port: number
  path: string
  /** Its page is about the node and other pods on it, not about its own. */
  exporter?: boolean
}

const named = (...names: string[]) =>
  names.flatMap((name) => [{ 'app.kubernetes.io/name': name }, { app: name }] as Record<string, string>[])

/** The first that matches by image, then the first by labels. */
const knownServers: readonly KnownServer[] = [
  {
    name: 'dcgm-exporter',
    image: /(^|\/)dcgm-exporter$/,
    labels: named('dcgm-exporter', 'nvidia-dcgm-exporter'),
    port: 9400,
    path: '/metrics',
    exporter: true,
  },
  {
    name: 'nvidia_gpu_exporter',
    image: /(^|\/)nvidia_gpu_exporter$/,
    labels: named('nvidia-gpu-exporter', 'nvidia_gpu_exporter'),
    port: 9835,
    path: '/metrics',
    exporter: true,
  },
  {
    name: 'device-metrics-exporter',
    image: /(^|\/)device-metrics-exporter$/,
    labels: named('device-metrics-exporter'),
    port: 5000,
    path: '/metrics',
    exporter: true,
  },
  {
    name: 'NIM',
    image: /^nvcr\.io\/nim\//,
    labels: [{ 'app.kubernetes.io/part-of': 'nim-service' }],
    port: 8000,
    path: '/v1/metrics',
  },
  {
    name: 'SGLang',
    image: /(^|\/)sglang$/,
    labels: named('sglang'),
    port: 30_000,
    path: '/metrics',
  },
  {
    name: 'TGI',
    image: /(^|\/)text-generation-inference$/,
    labels: named('text-generation-inference', 'tgi'),
    port: 80,
    path: '/metrics',
  },
  {
    name: 'TEI',
    image: /(^|\/)text-embeddings-inference$/,
    labels: named('text-embeddings-inference', 'tei'),
    port: 80,
    path: '/metrics',
  },
  {
    name: 'Triton',
    image: /(^|\/)tritonserver$/,
    labels: named('tritonserver', 'triton'),
    port: 8002,
    path: '/metrics',
  },
  { name: 'trtllm-serve', image: /(^|\/)tensorrt-llm(\/release)?$/, port: 8000, path: '/prometheus/metrics' },
  { name: 'LMDeploy', image: /(^|\/)lmdeploy$/, labels: named('lmdeploy'), port: 23_333, path: '/metrics' },
  {
    name: 'llama.cpp',
    image: /(^|\/)llama\.cpp$/,
    labels: named('llama-cpp', 'llama.cpp'),
    port: 8080,
    path: '/metrics',
  },
  {
    name: 'LiteLLM',
    image: /(^|\/)litellm(-database|-non_root)?$/,
    labels: named('litellm'),
    port: 4000,
    path: '/metrics/',
  },
  {
    name: 'vLLM',
    image: /(^|\/)(vllm-openai|vllm-openai-rocm|llm-d|llm-d-cuda|llm-d-inference-sim)$/,
    labels: [
      // llm-d, in both spellings that its charts have had.
      { 'llm-d.ai/inference-serving': 'true' },
      { 'llm-d.ai/inferenceServing': 'true' },
      // The production stack's chart.
      { 'helm-release-name': null, model: null },
      ...named('vllm'),
    ],
    port: 8000,
    path: '/metrics',
  },
  { name: 'KServe', labels: [{ 'serving.kserve.io/inferenceservice': null }], port: 8080, path: '/metrics' },
  { name: 'Ray', labels: [{ 'ray.io/cluster': null, 'ray.io/node-type': null }], port: 8080, path: '/metrics' },
]

/** What is known by its images or labels, if anything is. */
export function knownServer(
  images: readonly string[],
  labels: Readonly<Record<string, string>>,
  servers = knownServers,
): KnownServer | undefined {
  return (
    servers.find(({ image }) => image !== undefined && images.some((name) => image.test(name))) ??
    servers.find(({ labels: sets = [] }) =>
      sets.some((set) =>
        Object.entries(set).every(([name, value]) => (value === null ? name in labels : labels[name] === value)),
      ),
    )
  )
}
