import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useModelNames } from '../data/overview.ts'
import { useTraffic, type TrafficRow } from '../data/traffic.ts'
import { segmentOf } from '../lib/segment.ts'
import { useSearch } from '../lib/use-search.ts'
import { searchOfOne } from '../panels/NameLink.tsx'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { ModelSwatch } from '../panels/Swatch.tsx'
import type { Column } from '../panels/Table.tsx'
import { TrafficList } from '../panels/traffic/TrafficList.tsx'
import { Panels } from '../panels/Panels.tsx'

/** Every model of the range with its figures; a row opens its page. */
export default function Models() {
  const models = useModelNames()
  const names = useMemo(() => [models], [models])
  return (
    <PageProvider names={names}>
      <Panels>
        <List />
      </Panels>
    </PageProvider>
  )
}

const spare = ['p50_ms', 'p99_ms', 'ttft_p95_ms']

function List() {
  const navigate = useNavigate()
  const [search] = useSearch()
  const name: Column<TrafficRow> = {
    key: 'name',
    head: 'Model',
    render: (row) => <ModelSwatch name={row.name} />,
    sort: (row) => row.name,
    title: (row) => `${row.name}\n${row.providers.join(', ') || 'provider unknown'}`,
  }
  return (
    <TrafficList
      title="Models"
      asked={useTraffic('model')}
      name={name}
      spare={spare}
      onOpen={(model) => {
        void navigate({
          to: '/models/$model',
          params: { model: segmentOf(model) },
          search: searchOfOne('model')(search) as never,
        })
      }}
      empty={<NothingHere what="Models show once a request names one" />}
    />
  )
}
