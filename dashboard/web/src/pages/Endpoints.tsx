import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTraffic, type TrafficRow } from '../data/traffic.ts'
import { segmentOf } from '../lib/segment.ts'
import { useSearch } from '../lib/use-search.ts'
import { EndpointLink, searchOfOne } from '../panels/NameLink.tsx'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Swatch } from '../panels/Swatch.tsx'
import type { Column } from '../panels/Table.tsx'
import { useEndpointColumns } from '../panels/traffic/endpoint-columns.tsx'
import { TrafficList } from '../panels/traffic/TrafficList.tsx'
import { Panels } from '../panels/Panels.tsx'

/** Every endpoint that was called, is probed or has servers; a row opens its page. */
export default function Endpoints() {
  const asked = useTraffic('endpoint')
  const names = useMemo(() => [(asked.data?.rows ?? []).map(({ name }) => name)], [asked.data])
  return (
    <PageProvider names={names}>
      <Panels>
        <List asked={asked} />
      </Panels>
    </PageProvider>
  )
}

const spare = [
  'requests_change',
  'p50_ms',
  'p95_change',
  'p99_ms',
  'ttft_p50_ms',
  'ttft_p95_ms',
  'tpot_p50_ms',
  'cached',
  'per_million',
  'cost_change',
]

function List({ asked }: { asked: ReturnType<typeof useTraffic> }) {
  const navigate = useNavigate()
  const [search] = useSearch()
  const { columns, known } = useEndpointColumns()
  const filtered = Object.keys(search.filters).length > 0
  const name: Column<TrafficRow> = {
    key: 'name',
    head: 'Endpoint',
    render: (row) => (
      <Swatch of={row.name}>
        <EndpointLink name={row.name} />
      </Swatch>
    ),
    sort: (row) => row.name,
    title: (row) => `${row.name}\n${row.others.join(', ') || 'no request in the range'}`,
  }
  return (
    <TrafficList
      title="Endpoints"
      asked={asked}
      name={name}
      more={columns}
      spare={spare}
      // A filter of requests leaves out what had none.
      idle={filtered ? [] : known.map(withoutRequests)}
      onOpen={(endpoint) => {
        void navigate({
          to: '/endpoints/$endpoint',
          params: { endpoint: segmentOf(endpoint) },
          search: searchOfOne('endpoint')(search) as never,
        })
      }}
      empty={<NothingHere what="Endpoints show once a request names one, or inferwatch.yaml does" />}
    />
  )
}

const withoutRequests = (name: string): TrafficRow => ({
  name,
  providers: [],
  regions: [],
  others: [],
  requests: 0,
  errors: 0,
  p50_ms: null,
  p95_ms: null,
  p99_ms: null,
  ttft_p50_ms: null,
  ttft_p95_ms: null,
  tpot_p50_ms: null,
  input_tokens: null,
  cached_input_tokens: null,
  output_tokens: null,
  cost_usd: null,
  unpriced: 0,
  previous: null,
  spark: [],
})
