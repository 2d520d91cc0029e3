/** Which GPUs a server runs on, from the strongest evidence that there is. Pure. */
import type { Ambiguity, GpuSource } from '../../records/topology.ts'
import { hostnameOf, unique } from './endpoints-of.ts'
import { gpuColumns, type EndpointFact, type GpuFact, type ServerFact, type TopologyFacts } from './facts.ts'

export interface GpusOfServer {
  source: GpuSource | ''
  gpus: readonly GpuFact[]
  /** It could be these as well as others, or others could use them as well. */
  ambiguous: boolean
  why: string
}

const unknown: GpusOfServer = { source: '', gpus: [], ambiguous: false, why: 'no GPU of its host or pod is scraped' }

export const chosenWhy = 'the endpoint’s configuration chooses them'

/** GPUs that the endpoint's configuration chooses; null when it chooses none. */
export function configuredGpus({ gpus }: EndpointFact, facts: TopologyFacts): GpuFact[] | null {
  if (gpus === undefined || Object.keys(gpus).length === 0) return null
  const known = new Map<string, (typeof gpuColumns)[number]>(gpuColumns.map((column) => [column, column]))
  return wholeOrParts(facts.gpus).filter((gpu) =>
    Object.entries(gpus).every(([name, value]) => {
      const column = known.get(name)
      return column !== undefined && gpu[column] === value
    }),
  )
}

/**
 * `chosen` are the GPUs that its endpoint's configuration chooses, null when it says nothing; `sharers` are the addresses of the
 * servers that this choice is for. What is ambiguous goes to `report`.
 */
export function gpusOf(
  server: ServerFact,
  facts: TopologyFacts,
  { chosen, sharers }: { chosen: readonly GpuFact[] | null; sharers: readonly string[] },
  report: (ambiguity: Ambiguity) => void,
): GpusOfServer {
  if (server.gateway) return { ...unknown, why: 'it forwards to other servers' }
  const inPod = ofPod(server, chosen ?? wholeOrParts(facts.gpus))
  if (chosen !== null) {
    const why = 'the endpoint’s configuration chooses them'
    if (sharers.length <= 1) return { source: 'config', gpus: chosen, ambiguous: false, why }
    if (inPod.length > 0)
      return { source: 'config', gpus: inPod, ambiguous: false, why: `${why}, and its pod holds them` }
  } else if (inPod.length > 0) return { source: 'pod', gpus: inPod, ambiguous: false, why: 'its pod holds them' }
  return onHost(server, facts, chosen, report)
}

function ofPod({ labels }: ServerFact, gpus: readonly GpuFact[]): GpuFact[] {
  const { namespace = '', pod = '' } = labels
  return pod === '' ? [] : gpus.filter((gpu) => gpu.pod === pod && (namespace === '' || gpu.namespace === namespace))
}

function onHost(
  server: ServerFact,
  facts: TopologyFacts,
  chosen: readonly GpuFact[] | null,
  report: (ambiguity: Ambiguity) => void,
): GpusOfServer {
  const hosts = hostsOf(server, facts)
  const { pod = '' } = server.labels
  // Those that a pod holds are that pod's, and this server is not in it.
  const own = (chosen ?? wholeOrParts(facts.gpus)).filter(
    (gpu) => hosts.has(gpu.host.toLowerCase()) && (pod === '' || gpu.pod === ''),
  )
  const [host] = unique(own.map((gpu) => gpu.host))
  if (host === undefined) return unknown
  const why = `they are on its host ${host}`
  const twice = numberedTwice(own)
  if (twice !== undefined) {
    const machines = `two GPUs on ${host} have the number ${twice.gpu}: ${twice.uuids.join(' and ')}`
    report({ reason: 'topology_host_twice', subject: host, why: machines })
    return { source: 'host', gpus: own, ambiguous: true, why: `${why}, and two machines may have this name` }
  }
  const others = neighbours(server, facts, hosts)
  if (!server.fresh && others.some(({ fresh }) => fresh))
    return { ...unknown, why: 'another server took over its host' }
  const rivals = unique(others.filter(({ fresh }) => fresh).map(({ instance }) => instance)).toSorted()
  if (rivals.length > 0) {
    report({
      reason: 'topology_gpus',
      subject: host,
      why: `${[server.instance, ...rivals].toSorted().join(', ')} run on ${host}: nothing says which of its GPUs each one uses`,
    })
    return { source: 'host', gpus: own, ambiguous: true, why: `${why}, which it shares with ${rivals.join(', ')}` }
  }
  return { source: chosen === null ? 'host' : 'config', gpus: own, ambiguous: false, why }
}

/** Other servers on the host that may use the same GPUs. */
function neighbours(server: ServerFact, facts: TopologyFacts, hosts: ReadonlySet<string>): ServerFact[] {
  return facts.servers.filter(
    (other) =>
      other.instance !== server.instance &&
      !other.gateway &&
      [...hostsOf(other, facts)].some((host) => hosts.has(host)) &&
      ofPod(other, facts.gpus).length === 0,
  )
}

/** Names that its host may have in GPU samples, in lower case. */
function hostsOf({ instance, labels }: ServerFact, { ownHosts }: TopologyFacts): Set<string> {
  const said = [labels['host'], labels['node']].filter((host) => host !== undefined && host !== '') as string[]
  const names = said.length > 0 ? said : [hostnameOf(`http://${instance}`)]
  const own = names.some(isLoopback) ? [...ownHosts, ...loopback] : []
  return new Set([...names, ...own].map((name) => name.toLowerCase()))
}

const loopback = ['localhost', '127.0.0.1', '[::1]', '::1']
const isLoopback = (host: string) => loopback.includes(host) || host.startsWith('127.')

/** A GPU that is divided is seen whole and in parts: the parts are what servers use. */
function wholeOrParts(gpus: readonly GpuFact[]): GpuFact[] {
  const divided = new Set(gpus.filter(({ mig_id }) => mig_id !== '').map(({ uuid }) => uuid))
  return gpus.filter(({ uuid, mig_id }) => mig_id !== '' || !divided.has(uuid))
}

/** Two GPUs of one number, both seen just now: one host does not have that. */
function numberedTwice(gpus: readonly GpuFact[]): { gpu: string; uuids: string[] } | undefined {
  const byNumber = Map.groupBy(
    gpus.filter(({ fresh, gpu }) => fresh && gpu !== ''),
    ({ gpu }) => gpu,
  )
  return [...byNumber]
    .map(([gpu, own]) => ({ gpu, uuids: unique(own.map(({ uuid }) => uuid)).toSorted() }))
    .find(({ uuids }) => uuids.length > 1)
}
