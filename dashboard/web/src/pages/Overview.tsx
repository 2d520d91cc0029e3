import { memo, useMemo } from 'react'
import { useGpus } from '../data/fleet.ts'
import { useModelNames } from '../data/overview.ts'
import { useStatus } from '../data/status.ts'
import { gpuName, MemoryPanel, UtilizationPanel } from '../panels/GpuPanels.tsx'
import { LatencyPanel } from '../panels/LatencyPanel.tsx'
import { LatestRequests } from '../panels/LatestRequests.tsx'
import { ModelsTable } from '../panels/ModelsTable.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { RequestDrawer } from '../panels/RequestDrawer.tsx'
import { ErrorsPanel, RequestsPanel, SpendPanel, TokensPanel } from '../panels/TrafficPanels.tsx'
import { ChangesPanel } from '../panels/overview/ChangesPanel.tsx'
import { EndpointsPanel } from '../panels/overview/EndpointsPanel.tsx'
import { FiringPanel } from '../panels/overview/FiringPanel.tsx'
import { KeyNumbers } from '../panels/overview/KeyNumbers.tsx'
import { OffendersPanel } from '../panels/overview/OffendersPanel.tsx'
import { TodayPanel } from '../panels/overview/TodayPanel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { EmptyState } from './EmptyState.tsx'

/** Is it well, at a glance: every endpoint, five figures, spend, alerts, changes, who stands out; then charts on one time axis. */
export default function Overview() {
  const status = useStatus()
  const models = useModelNames()
  const gpus = useGpus()
  const names = useMemo(() => [models, (gpus.data?.gpus ?? []).map(gpuName)], [models, gpus.data])
  const blank = status.data && !status.data.has_requests && !status.data.has_gpus && !status.data.has_servers
  if (blank) return <EmptyState status={status.data} />
  return (
    <PageProvider names={names}>
      <Content />
      <RequestDrawer />
    </PageProvider>
  )
}

/** What the page knows of names leaves it as it is: each panel is drawn anew by its own answer alone. */
const Content = memo(function Content() {
  return (
    <div className="overview">
      <Panels>
        <EndpointsPanel />
      </Panels>
      <KeyNumbers />
      <div className="panels-of-three">
        <Panels>
          <TodayPanel />
          <FiringPanel />
          <ChangesPanel />
        </Panels>
      </div>
      <Panels>
        <OffendersPanel />
        <LatencyPanel
          title="Latency"
          hint="From the call to the last token"
          measures={['p50_ms', 'p95_ms', 'p99_ms']}
          initial={['p50_ms', 'p95_ms']}
        />
        <LatencyPanel
          title="TTFT"
          hint="Time to first token of streamed requests"
          measures={['ttft_p50_ms', 'ttft_p95_ms']}
          initial={['ttft_p50_ms', 'ttft_p95_ms']}
        />
        <RequestsPanel />
        <ErrorsPanel />
        <TokensPanel />
        <SpendPanel />
        <UtilizationPanel />
        <MemoryPanel />
        <ModelsTable />
        <LatestRequests />
      </Panels>
    </div>
  )
})
