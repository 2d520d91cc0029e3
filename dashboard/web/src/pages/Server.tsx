import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useServers } from '../data/fleet.ts'
import { serverName } from '../data/servers.ts'
import { nameIn } from '../lib/segment.ts'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Panels } from '../panels/Panels.tsx'
import { ServerHead } from '../panels/ServerHead.tsx'
import { ServerHeatmap } from '../panels/ServerHeatmap.tsx'
import { ServerPanels } from '../panels/ServerPanels.tsx'
import { ServersPanel } from '../panels/ServersPanel.tsx'
import { TopologyPanel } from '../panels/TopologyPanel.tsx'

/** One inference server: how it is, how its latencies lie, how it did, and the GPUs under it on the same time axis. */
export default function Server() {
  const { server = '' } = useParams({ strict: false })
  return <OneServer key={server} instance={nameIn(server)} />
}

function OneServer({ instance }: { instance: string }) {
  const asked = useServers()
  const own = useMemo(
    () => asked.data?.servers.filter((row) => row.instance === instance) ?? [],
    [asked.data, instance],
  )
  const names = useMemo(() => [own.map(({ model }) => model), own.map(serverName)], [own])
  return (
    <PageProvider names={names}>
      <ServerHead instance={instance} own={own} />
      {asked.data && own.length === 0 ? (
        <section className="panel">
          <div className="panel-empty">
            <NothingHere what="Nothing of this server is stored in this range" />
          </div>
        </section>
      ) : (
        <Panels>
          <ServerHeatmap instance={instance} />
          <ServersPanel asked={asked} instance={instance} />
          <TopologyPanel instance={instance} />
          <ServerPanels instance={instance} />
        </Panels>
      )}
    </PageProvider>
  )
}
