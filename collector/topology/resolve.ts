/** Concludes from the facts which endpoint runs on which servers and GPUs. What could be several things is told as such. Pure. */
import type { Ambiguity, TopologyLink } from '../../records/topology.ts'
import { endpointsOf, unique, type EndpointsOfServer } from './endpoints-of.ts'
import type { EndpointFact, GpuFact, ServerFact, TopologyFacts } from './facts.ts'
import { chosenWhy, configuredGpus, gpusOf, type GpusOfServer } from './gpus-of.ts'

export interface Topology {
  links: TopologyLink[]
  ambiguities: Ambiguity[]
}

interface Placed {
  server: ServerFact
  /** Endpoints that it surely serves. */
  sure: EndpointsOfServer | null
  /** Endpoints of which it serves one. */
  maybe: EndpointsOfServer | null
}

export function resolveTopology(facts: TopologyFacts): Topology {
  const ambiguities = new Map<string, Ambiguity>()
  const report = (ambiguity: Ambiguity) => {
    ambiguities.set(`${ambiguity.reason} ${ambiguity.subject}`, ambiguity)
  }
  const placed = facts.servers.map((server) => place(server, facts, report))
  const endpoints = new Map(facts.endpoints.map((endpoint) => [endpoint.name, endpoint]))
  /** Addresses of the servers that surely serve an endpoint. */
  const serving = (name: string) => {
    const all = placed.filter(({ sure }) => sure?.endpoints.includes(name)).map(({ server }) => server)
    const fresh = all.filter((server) => server.fresh)
    return unique((fresh.length > 0 ? fresh : all).map(({ instance }) => instance))
  }
  const choice = (name: string) => {
    const endpoint = endpoints.get(name)
    const chosen = endpoint ? configuredGpus(endpoint, facts) : null
    if (chosen?.length === 0) report(unmatched(name, endpoint))
    return { chosen, sharers: serving(name) }
  }
  const choices = new Map(facts.endpoints.map(({ name }) => [name, choice(name)]))
  const price = (name: string) => endpoints.get(name)?.gpu_hour_usd ?? null
  const links = placed.flatMap(({ server, sure, maybe }) => {
    const gpusFor = (name: string) => {
      const { chosen = null, sharers = [] } = choices.get(name) ?? {}
      return gpusOf(server, facts, { chosen, sharers }, report)
    }
    const linksOf = (name: string, by: EndpointsOfServer | null, doubtful: boolean) =>
      linksTo(server, { name, by, doubtful, price: price(name) }, gpusFor(name))
    const surely = (sure?.endpoints ?? ['']).flatMap((name) => linksOf(name, sure, false))
    return surely.concat((maybe?.endpoints ?? []).flatMap((name) => linksOf(name, maybe, true)))
  })
  for (const { name } of facts.endpoints) {
    const { chosen, sharers } = choices.get(name) ?? { chosen: null, sharers: [] }
    const placedGpus = new Set(links.filter((link) => link.endpoint === name && !link.ambiguous).flatMap(gpuKeys))
    const rest = (chosen ?? []).filter((gpu) => !placedGpus.has(keyOf(gpu)))
    if (rest.length === 0) continue
    if (sharers.length > 0) report(shared(name, sharers))
    const why = sharers.length > 0 ? 'its servers share them' : 'no server of the endpoint is scraped'
    const by = { source: 'config', why } as const
    const found = { source: 'config', gpus: rest, ambiguous: false, why: chosenWhy } as const
    links.push(...linksTo(nobody, { name, by, doubtful: false, price: price(name) }, found))
  }
  return { links: links.toSorted(byPlace), ambiguities: [...ambiguities.values()] }
}

function place(server: ServerFact, facts: TopologyFacts, report: (ambiguity: Ambiguity) => void): Placed {
  const by = endpointsOf(server, facts)
  if (by === null || by.source === 'config' || by.endpoints.length === 1) return { server, sure: by, maybe: null }
  report({
    reason: 'topology_endpoint',
    subject: server.instance,
    why: `${server.instance} may serve ${by.endpoints.toSorted().join(' or ')}: ${by.why}, and that is true of each`,
  })
  return { server, sure: null, maybe: by }
}

const nobody = { server: '', instance: '', model: '' }

interface ToEndpoint {
  name: string
  by: Pick<EndpointsOfServer, 'source' | 'why'> | null
  doubtful: boolean
  price: number | null
}

/** One link per host of its GPUs; doubtful GPUs stand beside the sure link without any. */
function linksTo(
  server: Pick<ServerFact, 'server' | 'instance' | 'model'>,
  { name, by, doubtful, price }: ToEndpoint,
  found: GpusOfServer,
): TopologyLink[] {
  const because = by ? by.why : 'nothing says which endpoint it serves'
  const link = {
    endpoint: name,
    server: server.server,
    instance: server.instance,
    model: server.model,
    host: '',
    gpu_uuids: [],
    mig_ids: [],
    gpu_hour_usd: price,
    endpoint_source: by?.source ?? '',
    gpu_source: '' as const,
    ambiguous: doubtful,
    why: `Endpoint: ${because}. GPUs: ${found.why}.`,
  } satisfies TopologyLink
  // Two exporters may show one GPU, under two names of its host.
  const gpus = [...new Map(found.gpus.toSorted(byHost).map((gpu) => [keyOf(gpu), gpu])).values()]
  const onGpus = [...Map.groupBy(gpus, ({ host }) => host)].map(([host, own]): TopologyLink => {
    const sorted = own.toSorted((a, b) => compare(keyOf(a), keyOf(b)))
    return Object.assign({}, link, {
      host,
      gpu_uuids: sorted.map(({ uuid }) => uuid),
      mig_ids: sorted.map(({ mig_id }) => mig_id),
      gpu_source: found.source,
      ambiguous: doubtful || found.ambiguous,
    })
  })
  if (onGpus.length === 0) return [link]
  return found.ambiguous && !doubtful ? [link, ...onGpus] : onGpus
}

function unmatched(name: string, endpoint: EndpointFact | undefined): Ambiguity {
  const labels = Object.entries(endpoint?.gpus ?? {}).map(([label, value]) => `${label}: ${value}`)
  return {
    reason: 'topology_gpus_unmatched',
    subject: name,
    why: `no GPU is scraped with ${labels.join(', ')}`,
  }
}

const shared = (name: string, sharers: readonly string[]): Ambiguity => ({
  reason: 'topology_shared_gpus',
  subject: name,
  why: `${sharers.toSorted().join(', ')} share the GPUs of ${name}: nothing says which of them each one uses`,
})

const keyOf = ({ uuid, mig_id }: Pick<GpuFact, 'uuid' | 'mig_id'>) => `${uuid} ${mig_id}`
const gpuKeys = ({ gpu_uuids, mig_ids }: TopologyLink) =>
  gpu_uuids.map((uuid, index) => keyOf({ uuid, mig_id: mig_ids[index] ?? '' }))
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const byHost = (a: GpuFact, b: GpuFact) => compare(b.host, a.host)
const placeOf = (link: TopologyLink) => JSON.stringify([link.endpoint, link.instance, link.model, link.host])
const byPlace = (a: TopologyLink, b: TopologyLink) => compare(placeOf(a), placeOf(b))
