import { Navigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useModelNames } from '../data/overview.ts'
import { useServers } from '../data/fleet.ts'
import { serverName } from '../data/servers.ts'
import { segmentOf } from '../lib/segment.ts'
import { useSearch } from '../lib/use-search.ts'
import { JobQueues } from '../panels/JobQueues.tsx'
import { searchOfServer } from '../panels/NameLink.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Panels } from '../panels/Panels.tsx'
import { ServerPanels } from '../panels/ServerPanels.tsx'
import { ServersPanel } from '../panels/ServersPanel.tsx'
import { TopologyPanel } from '../panels/TopologyPanel.tsx'

/** Every inference server as it was at its last scrape, what runs where, and how servers did. */
export default function Servers() {
  const asked = useServers()
  const [{ server }] = useSearch()
  const models = useModelNames()
  const names = useMemo(
    () => [
      [...models, ...(asked.data?.servers ?? []).map(({ model }) => model)],
      (asked.data?.servers ?? []).map(serverName),
    ],
    [models, asked.data],
  )
  // Addresses that name a server in their search are of links that were shared before it had a page.
  if (server !== undefined)
    return (
      <Navigate to="/servers/$server" params={{ server: segmentOf(server) }} search={searchOfServer as never} replace />
    )
  return (
    <PageProvider names={names}>
      <Panels>
        <ServersPanel asked={asked} />
        <TopologyPanel />
        <ServerPanels instance={undefined} />
        <JobQueues />
      </Panels>
    </PageProvider>
  )
}
