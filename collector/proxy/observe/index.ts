/** What is measured of the calls that pass through the proxy: each becomes one request and one span. */
import type { MetricSample } from '../../../records/server-sample.ts'
import { type AttributionConfig, type ContentConfig, contentSettings, type EndpointConfig } from '../../config.ts'
import type { IssueLog } from '../../issues.ts'
import type { AcceptCalls, SeenCall } from '../../pipeline.ts'
import type { CallObserver } from '../observer.ts'
import type { TokenCounter } from '../tokens/counter.ts'
import { refine, type Estimated } from '../tokens/refine.ts'
import { routeOf } from '../usage/index.ts'
import { type Endpoint, ObservedCall, type Shared } from './call.ts'
import { Budget } from './copy.ts'
import { Deliverer } from './deliver.ts'
import type { Problem } from './problems.ts'
import { RateLimits } from './rate-limits.ts'
import { Retries } from './retries.ts'
import { secretsOf } from './secrets.ts'

export { privateHeaders } from './who.ts'

export interface ObserverConfig {
  endpoints: readonly EndpointConfig[]
  content: ContentConfig
  attribution: AttributionConfig
}

export interface ObserverOptions extends ObserverConfig {
  acceptCalls: AcceptCalls
  /** Stores what providers say of their limits. */
  appendSamples: (samples: MetricSample[]) => Promise<void>
  issues: Pick<IssueLog, 'add'>
  /** Counts what vendors do not say, where it can; else that is estimated. Stopped with the observer. */
  counter?: TokenCounter | null
  /** Bytes that copies of requests and answers may hold together. */
  maxCopiedBytes?: number
  /** How often limits are stored. */
  limitsMs?: number
}

export interface Observer extends CallObserver {
  /** For calls that begin from now on. */
  reload(config: ObserverConfig): void
  /** Resolves once every call that ended is durable or counted as dropped. */
  flushed(): Promise<void>
  /** Flushes a last time. Idempotent. */
  stop(): Promise<void>
}

const source = 'proxy'

export function createObserver(options: ObserverOptions): Observer {
  const {
    issues,
    acceptCalls,
    appendSamples,
    maxCopiedBytes = 64 * 2 ** 20,
    limitsMs = 5_000,
    counter = null,
  } = options
  const budget = new Budget(maxCopiedBytes)
  const retries = new Retries()
  const limits = new RateLimits()
  const estimates = new WeakMap<SeenCall, Estimated>()
  const deliverer = new Deliverer({
    async accept(calls) {
      if (counter) await refine(calls, (call) => estimates.get(call), counter)
      await acceptCalls(calls)
    },
    finish(call) {
      const { seen, estimated, headers, endedMs } = call.finish()
      if (estimated.input || estimated.output) estimates.set(seen, estimated)
      const { endpoint, api_key, model } = seen.request
      limits.add(endpoint, api_key, model, headers, endedMs)
      return seen
    },
    ondropped: (reason, calls, example) => issues.add(source, reason, calls, example),
  })
  const onproblem = (reason: Problem, example: string) => issues.add(source, reason, 1, example)
  const onended = () => deliverer.expect()
  const sharedOf = ({ attribution }: ObserverConfig): Shared => ({
    budget,
    retries,
    onproblem,
    onended,
    sources: Object.values(attribution)
      .flat()
      .filter((name) => /^(?:header|body)\./.test(name)),
  })
  let shared = sharedOf(options)
  let endpoints = endpointsOf(options)

  const storeLimits = async () => {
    const samples = limits.take()
    if (samples.length === 0) return
    try {
      await appendSamples(samples)
    } catch (error) {
      issues.add(source, 'limits_not_stored', samples.length, (error as Error).name)
    }
  }
  const timer = setInterval(() => void storeLimits(), limitsMs).unref()
  const flushed = async () => {
    await deliverer.flush()
    await storeLimits()
  }
  return {
    begin(call) {
      const endpoint = endpoints.get(call.endpoint)
      if (!endpoint) return null
      const [path, query] = split(call.path)
      const target = {
        kind: endpoint.kind,
        method: call.method,
        path: endpoint.basePath + path,
        query: query === '' ? noQuery : new URLSearchParams(query),
      }
      const found = routeOf(target)
      return found && new ObservedCall(call, endpoint, { ...found, query: target.query }, shared)
    },
    reload(config) {
      shared = sharedOf(config)
      endpoints = endpointsOf(config)
    },
    flushed,
    async stop() {
      clearInterval(timer)
      await flushed()
      counter?.stop()
    },
  }
}

/** Never written to. */
const noQuery = new URLSearchParams()

function split(path: string): [path: string, query: string] {
  const at = path.indexOf('?')
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)]
}

/** Kinds that name a vendor; `openai` names an API that many serve. */
const providers: Partial<Record<EndpointConfig['kind'], string>> = {
  anthropic: 'anthropic',
  azure: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  gemini: 'gcp.gemini',
  cohere: 'cohere',
  mistral: 'mistral_ai',
  ollama: 'ollama',
}

type KnownEndpoint = Endpoint & Pick<EndpointConfig, 'kind'> & { basePath: string }

function endpointsOf({ endpoints, content }: ObserverConfig): Map<string, KnownEndpoint> {
  const { mode, max_bytes } = contentSettings(content)
  return new Map(
    endpoints.flatMap((endpoint): [string, KnownEndpoint][] => {
      const { name, upstream, kind, ask_usage, content: own = mode } = endpoint
      if (upstream === undefined) return []
      const { hostname: host, port, protocol, pathname } = new URL(upstream)
      const known: KnownEndpoint = {
        name,
        kind,
        basePath: pathname.replace(/\/+$/, ''),
        host,
        instance: `${host}:${port || (protocol === 'https:' ? '443' : '80')}`,
        kindProvider: providers[kind] ?? '',
        askUsage: ask_usage ?? false,
        secrets: secretsOf(endpoint),
        // The redactor cuts what is longer, and says so: it has to see that there was more.
        contentLimit: own === 'off' ? 0 : max_bytes + 1024,
      }
      return [[name, known]]
    }),
  )
}
