/** What is known of endpoints, servers and GPUs before anything is concluded from it. */
import type { GpuSample } from '../../records/gpu-sample.ts'

export interface EndpointFact {
  name: string
  /** URL that the proxy forwards to. */
  upstream?: string | undefined
  /** Columns of GPU samples and the values they have. */
  gpus?: Readonly<Record<string, string>> | undefined
  gpu_hour_usd?: number | undefined
}

export interface ServerFact {
  server: string
  instance: string
  model: string
  /** As configured for its target; empty when it is not. */
  endpoint: string
  /** Of its target, as configured or discovered: host, node, namespace, pod, service. */
  labels: Readonly<Record<string, string>>
  /** Forwards to other servers, and has no GPUs of its own. */
  gateway: boolean
  /** Seen just now: one that another took over from is not. */
  fresh: boolean
}

/** Columns by which configured labels may choose GPUs. */
export const gpuColumns = [
  'host',
  'gpu',
  'uuid',
  'mig_id',
  'mig_profile',
  'device',
  'pci_bus_id',
  'namespace',
  'pod',
  'container',
  'target',
] as const satisfies (keyof GpuSample)[]

export type GpuFact = Record<(typeof gpuColumns)[number], string> & { fresh: boolean }

/** Calls of the endpoint were answered with this model, by this address where it is known. */
export interface AnswerFact {
  endpoint: string
  instance: string
  model: string
}

export interface TopologyFacts {
  endpoints: readonly EndpointFact[]
  servers: readonly ServerFact[]
  gpus: readonly GpuFact[]
  answers: readonly AnswerFact[]
  /** Names of this machine: what is scraped on loopback is on it. */
  ownHosts: readonly string[]
}
