/** Which endpoints a server serves, from the strongest evidence that there is. Pure. */
import type { EndpointSource } from '../../records/topology.ts'
import type { AnswerFact, EndpointFact, ServerFact, TopologyFacts } from './facts.ts'

export interface EndpointsOfServer {
  source: EndpointSource
  /** More than one is ambiguous, unless the configuration says so. */
  endpoints: string[]
  why: string
}

/** Null when nothing says anything. */
export function endpointsOf(server: ServerFact, facts: TopologyFacts): EndpointsOfServer | null {
  return configured(server, facts) ?? byService(server, facts) ?? byAddress(server, facts) ?? byModel(server, facts)
}

/** Several endpoints may forward to one server. */
function configured(server: ServerFact, { endpoints }: TopologyFacts): EndpointsOfServer | null {
  const upstreams = endpoints.filter(({ upstream }) => upstream !== undefined && sameAddress(upstream, server.instance))
  const names = unique([...upstreams.map(({ name }) => name), ...(server.endpoint === '' ? [] : [server.endpoint])])
  if (names.length === 0) return null
  const why =
    upstreams.length > 0 ? 'the endpoint forwards to this address' : 'its scrape target is configured for the endpoint'
  return { source: 'config', endpoints: names, why }
}

/** `http://vllm.prod.svc.cluster.local:8000` forwards to the pods of Service vllm in namespace prod. */
function byService({ labels }: ServerFact, { endpoints }: TopologyFacts): EndpointsOfServer | null {
  const { service, namespace } = labels
  if (service === undefined) return null
  const named = endpoints.filter(({ upstream }) => {
    const [name, of, svc = 'svc'] = hostnameOf(upstream).split('.')
    return name === service && svc === 'svc' && (of === undefined || of === namespace)
  })
  return found('kubernetes', named, `its pod belongs to Service ${service}, which the endpoint forwards to`)
}

function byAddress(server: ServerFact, facts: TopologyFacts): EndpointsOfServer | null {
  const called = facts.answers.filter(({ instance }) => instance === server.instance).map(({ endpoint }) => endpoint)
  if (called.length > 0)
    return { source: 'host', endpoints: unique(called), why: 'calls of the endpoint name this address' }
  // Metrics on another port than answers: then models must not contradict.
  const hostname = hostnameOf(`http://${server.instance}`)
  const beside = facts.endpoints.filter(
    ({ name, upstream }) =>
      hostname !== '' && hostnameOf(upstream) === hostname && mayAnswer(name, server.model, facts.answers),
  )
  return found('host', beside, 'the endpoint forwards to another port of this host')
}

function byModel(server: ServerFact, facts: TopologyFacts): EndpointsOfServer | null {
  if (server.model === '') return null
  const scraped = new Set(facts.servers.map(({ instance }) => instance))
  const elsewhere = new Set(
    facts.endpoints
      .filter(({ upstream }) =>
        [...scraped].some((instance) => upstream !== undefined && sameAddress(upstream, instance)),
      )
      .map(({ name }) => name),
  )
  // What another server answered says nothing of this one, nor does an endpoint that forwards to another one.
  const answered = facts.answers.filter(
    ({ endpoint, instance, model }) => model === server.model && !scraped.has(instance) && !elsewhere.has(endpoint),
  )
  const named = facts.endpoints.filter(({ name }) => answered.some(({ endpoint }) => endpoint === name))
  return found('model', named, `calls of the endpoint were answered with its model ${server.model}`)
}

function found(source: EndpointSource, endpoints: readonly EndpointFact[], why: string): EndpointsOfServer | null {
  return endpoints.length === 0 ? null : { source, endpoints: unique(endpoints.map(({ name }) => name)), why }
}

/** Nothing is known of its answers, or this model is among them. */
function mayAnswer(endpoint: string, model: string, answers: readonly AnswerFact[]): boolean {
  const own = answers.filter((answer) => answer.endpoint === endpoint)
  return own.length === 0 || model === '' || own.some((answer) => answer.model === model)
}

const sameAddress = (url: string, instance: string) => new URL(url).host === instance

/** Empty for none. */
export function hostnameOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : ''
}

export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]
