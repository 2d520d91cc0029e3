/** What runs where: an endpoint that users call, a server behind it, the GPUs that it runs on; table `topology`. */

/** How the endpoint of a server is known: said, by the Service it belongs to, by its address, by the models that both name. */
export const endpointSources = ['config', 'kubernetes', 'host', 'model'] as const
export type EndpointSource = (typeof endpointSources)[number]

/** How the GPUs of a server are known: said, by the pod that holds them, by the host that it runs on. */
export const gpuSources = ['config', 'pod', 'host'] as const
export type GpuSource = (typeof gpuSources)[number]

export interface TopologyLink {
  /** Empty when nothing says which. */
  endpoint: string
  /** vllm, sglang, …; empty when no server of the endpoint is scraped. */
  server: string
  /** host:port of the server; empty when GPUs are known for the endpoint only. */
  instance: string
  model: string
  /** Of its GPUs; empty when they are unknown. */
  host: string
  gpu_uuids: string[]
  /** The MIG instance of each of `gpu_uuids`; empty for a whole GPU. */
  mig_ids: string[]
  /** Of one GPU, as configured for the endpoint. */
  gpu_hour_usd: number | null
  endpoint_source: EndpointSource | ''
  gpu_source: GpuSource | ''
  /** One of several that it could be: shown, and never counted. */
  ambiguous: boolean
  /** The evidence in words. */
  why: string
}

/** A link, and when it held: from `valid_from_ms` until before `valid_to_ms`, or still. Epoch ms. */
export interface TopologyPeriod extends TopologyLink {
  valid_from_ms: number
  valid_to_ms: number | null
}

/** What could not be told apart, as reasons of issues. */
export const ambiguityReasons = [
  'topology_endpoint',
  'topology_gpus',
  'topology_shared_gpus',
  'topology_host_twice',
  'topology_gpus_unmatched',
] as const
export type AmbiguityReason = (typeof ambiguityReasons)[number]

export interface Ambiguity {
  reason: AmbiguityReason
  /** What it is about: an instance, a host, an endpoint. */
  subject: string
  why: string
}
