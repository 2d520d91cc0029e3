/** From something in a cluster to label sets: all its ports, or the one page that it asks to be scraped at. */
import type { LabelSet } from '../relabel.ts'
import { skipLabel } from '../sift.ts'
import { knownServer, type KnownServer } from './known.ts'
import type { Port, Thing } from './thing.ts'

/** One label set a port, as in Prometheus: rules choose. */
export function allPorts(thing: Thing): LabelSet[] {
  return thing.ports.map((port) => ({
    ...common(thing, undefined),
    ...port.meta,
    __address__: address(thing, port.number),
  }))
}

/** One label set: the page, by annotation or by what is known; or why there is none. */
export function chosenPort(thing: Thing): LabelSet[] {
  const { annotations } = thing
  const ports = thing.ports.filter(({ init }) => !init)
  const server = knownServer(
    ports.map(({ image }) => image),
    thing.labels,
  )
  const said = (what: string) => annotations[`inferwatch.io/${what}`] ?? annotations[`prometheus.io/${what}`]
  const wanted = said('scrape')
  const port = portOf(said('port'), ports, server)
  const labels: LabelSet = {
    ...common(thing, server),
    ...port.meta,
    __address__: address(thing, port.number),
    ...given({
      __metrics_path__: said('path') ?? server?.path,
      __scheme__: said('scheme'),
      __endpoint__: annotations['inferwatch.io/endpoint'],
      __kind__: annotations['inferwatch.io/kind'],
      __meta_inferwatch_known: server?.name,
      host: annotations['inferwatch.io/host'],
    }),
  }
  const reason = reasonNot(thing, wanted, server)
  return [reason === null ? labels : { ...labels, [skipLabel]: reason }]
}

function reasonNot({ phase }: Thing, wanted: string | undefined, server: KnownServer | undefined): string | null {
  if (wanted === 'false') return 'its annotation inferwatch.io/scrape or prometheus.io/scrape is "false"'
  if (phase === 'Succeeded' || phase === 'Failed') return `the pod has ended (${phase})`
  if (wanted === 'true' || server) return null
  return 'it has no annotation inferwatch.io/scrape: "true" or prometheus.io/scrape: "true", and is no server known by its image or labels'
}

/** The annotated port; else one named for metrics, the usual one, one named for HTTP, the first, and without any the usual one. */
function portOf(
  annotated: string | undefined,
  ports: readonly Port[],
  server: KnownServer | undefined,
): Pick<Port, 'number' | 'meta'> {
  if (annotated !== undefined) {
    const declared = ports.find(({ name, number }) => name === annotated || String(number) === annotated)
    if (declared) return declared
    if (/^\d{1,5}$/.test(annotated)) return { number: Number(annotated), meta: {} }
  }
  const own = ports.filter(({ image }) => server?.image?.test(image))
  const [first, ...rest] = (own.length > 0 ? own : ports).filter(
    ({ number, protocol }) => number !== null && protocol !== 'UDP',
  )
  const open = first ? [first, ...rest] : []
  return (
    open.find(({ name }) => /(^|-)metrics$/.test(name)) ??
    open.find(({ number }) => number === server?.port) ??
    open.find(({ name }) => /^(http|api|web)(-|$)/.test(name)) ??
    first ?? { number: server?.port ?? null, meta: {} }
  )
}

function common(thing: Thing, server: KnownServer | undefined): LabelSet {
  const { namespace = '', ...rest } = thing.place
  const { node } = rest
  // What an exporter reports names the pods that use the GPUs; its own would stand in their way.
  const place: LabelSet = server?.exporter ? given({ node }) : { namespace, ...rest }
  const inferenceservice = thing.labels['serving.kserve.io/inferenceservice']
  return {
    ...thing.meta,
    ...place,
    ...given({ host: node, inferenceservice: server?.exporter ? undefined : inferenceservice }),
  }
}

const address = ({ host }: Thing, port: number | null) => (port === null ? host : `${host}:${port}`)

const given = (labels: Record<string, string | undefined>): LabelSet =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined)) as LabelSet
