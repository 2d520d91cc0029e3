/** What a list says of endpoints alone: where they are, whether they are up, what they run on. Each source may fail by itself. */
import { useSlos } from '../../data/slos.ts'
import { useTopology, type TopologyLink } from '../../data/servers.ts'
import type { TrafficRow } from '../../data/traffic.ts'
import { useUptime, type UptimeRow } from '../../data/uptime.ts'
import { formatCount, formatRatio, unknown } from '../../lib/format.ts'
import { Status } from '../Status.tsx'
import type { Column } from '../Table.tsx'
import { sloWord } from '../alerts/slo-words.ts'
import { slosOf, sloState, worst } from './slos-of.ts'

/** Of the probes of one endpoint, the one that saw least of it. */
export function leastUp(probes: readonly UptimeRow[], endpoint: string): UptimeRow | undefined {
  return probes
    .filter((probe) => probe.endpoint === endpoint && probe.uptime_ratio !== null)
    .toSorted((a, b) => (a.uptime_ratio ?? 1) - (b.uptime_ratio ?? 1))[0]
}

const isNow = ({ valid_to_ms, ambiguous }: TopologyLink) => valid_to_ms === null && !ambiguous
export const serversUnder = (links: readonly TopologyLink[], endpoint: string) => [
  ...new Set(
    links.flatMap((link) => (link.endpoint === endpoint && isNow(link) && link.instance ? [link.instance] : [])),
  ),
]
export const gpusUnder = (links: readonly TopologyLink[], endpoint: string) => [
  ...new Set(
    links
      .filter((link) => link.endpoint === endpoint && isNow(link))
      .flatMap(({ gpu_uuids, mig_ids }) => gpu_uuids.map((uuid, index) => `${uuid} ${mig_ids[index] ?? ''}`.trim())),
  ),
]

const listed = (names: readonly string[]) => names.join(', ') || unknown

export function useEndpointColumns(): { columns: Column<TrafficRow>[]; known: string[] } {
  const slos = useSlos().data?.slos ?? []
  const probes = useUptime().data?.probes ?? []
  const links = useTopology().data?.links ?? []
  const known = new Set([
    ...probes.map(({ endpoint }) => endpoint),
    ...links.filter(isNow).flatMap(({ endpoint }) => (endpoint === '' ? [] : [endpoint])),
  ])
  const counted = (key: string, head: string, hint: string, of: typeof serversUnder): Column<TrafficRow> => ({
    key,
    head,
    hint,
    number: true,
    wide: true,
    render: (row) => (of(links, row.name).length === 0 ? unknown : formatCount(of(links, row.name).length)),
    sort: (row) => of(links, row.name).length || null,
    title: (row) => of(links, row.name).join('\n') || 'Nothing says what it runs on',
  })
  return {
    known: [...known],
    columns: [
      {
        key: 'provider',
        head: 'Provider',
        wide: true,
        render: (row) => <span className="clip">{listed(row.providers)}</span>,
        sort: (row) => row.providers.join() || null,
        title: (row) => listed(row.providers),
      },
      {
        key: 'region',
        head: 'Region',
        wide: true,
        render: (row) => <span className="clip">{listed(row.regions)}</span>,
        sort: (row) => row.regions.join() || null,
        title: (row) => (row.regions.length === 0 ? 'its calls name no region' : listed(row.regions)),
      },
      {
        key: 'uptime',
        head: 'Uptime',
        hint: 'Share of this month’s time, in UTC, in which probes found it up; of several probes the one that saw least',
        number: true,
        render: (row) => formatRatio(leastUp(probes, row.name)?.uptime_ratio),
        sort: (row) => leastUp(probes, row.name)?.uptime_ratio ?? null,
        title: (row) => leastUp(probes, row.name)?.probe ?? 'no probe',
      },
      {
        key: 'slo',
        head: 'SLO',
        hint: 'The objective of this endpoint that is worst off',
        render: (row) => <SloCell slo={worst(slosOf(slos, { by: 'endpoint', name: row.name }))} />,
        sort: (row) => worst(slosOf(slos, { by: 'endpoint', name: row.name }))?.group?.budget_left_ratio ?? null,
      },
      counted('servers', 'Servers', 'Inference servers behind it now', serversUnder),
      counted('gpus', 'GPUs', 'GPUs that these run on', gpusUnder),
    ],
  }
}

export function SloCell({ slo }: { slo: ReturnType<typeof worst> }) {
  if (!slo) return <span title="no objective names it">{unknown}</span>
  const { level, word } = sloState(slo)
  return <Status level={level} word={word} title={`${slo.slo.rule}: ${sloWord(slo.slo.slo)}`} />
}
