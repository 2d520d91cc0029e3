/** One model or one endpoint: how it is, how it came to that, what it runs on, and its versions side by side. */
import { useMemo } from 'react'
import { useModelNames } from '../../data/overview.ts'
import { ScopeProvider } from '../../data/scope.ts'
import { useSlos } from '../../data/slos.ts'
import { useTopology } from '../../data/servers.ts'
import { useTraffic } from '../../data/traffic.ts'
import { useUptime } from '../../data/uptime.ts'
import { formatRatio } from '../../lib/format.ts'
import { BigNumbers } from '../BigNumbers.tsx'
import { EndpointLink, ModelLink, ServerLink } from '../NameLink.tsx'
import { nameOf, PageProvider } from '../page-context.tsx'
import { HeadFact, ThingHead } from '../ThingHead.tsx'
import { RequestsPanel, SpendPanel, TokensPanel } from '../TrafficPanels.tsx'
import { BreakdownPanels } from './BreakdownPanels.tsx'
import { CachePanel, SavingsPanel } from './CachePanels.tsx'
import { gpusUnder, leastUp, serversUnder, SloCell } from './endpoint-columns.tsx'
import { ConcurrencyPanel, ContextPanel, ErrorClassesPanel, FinishReasonsPanel } from './FlowPanels.tsx'
import { ThingHeatmap } from './ThingHeatmap.tsx'
import { ThingLatencyPanels } from './ThingLatencyPanels.tsx'
import { ServersUnder } from './ServersUnder.tsx'
import { slosOf, type Thing } from './slos-of.ts'
import { Panels } from '../Panels.tsx'

export function ThingPage({ by, name }: Thing) {
  const scope = useMemo(() => ({ [by]: name }), [by, name])
  const models = useModelNames()
  const names = useMemo(
    () => [
      [...models, name],
      ['Input', 'Output'],
    ],
    [models, name],
  )
  const thing = { by, name }
  return (
    <ScopeProvider value={scope}>
      <PageProvider names={names}>
        <Head {...thing} />
        <BigNumbers />
        <Panels>
          <ThingHeatmap />
          <ThingLatencyPanels {...thing} />
          <RequestsPanel />
          <TokensPanel />
          <ConcurrencyPanel name={name} />
          <ErrorClassesPanel />
          <FinishReasonsPanel />
          <ContextPanel name={name} />
          <CachePanel name={name} />
          <SavingsPanel name={name} />
          <SpendPanel />
        </Panels>
        <ServersUnder {...thing} />
        <BreakdownPanels by={by} />
      </PageProvider>
    </ScopeProvider>
  )
}

const lists = { model: { to: '/models', title: 'Models' }, endpoint: { to: '/endpoints', title: 'Endpoints' } }

/** What it is called, and what one should know before any figure. */
function Head({ by, name }: Thing) {
  const row = useTraffic(by).data?.rows.find((one) => one.name === name)
  const slos = slosOf(useSlos().data?.slos ?? [], { by, name })
  return (
    <ThingHead of={lists[by]} name={nameOf({ model: name, other: false })}>
      <dl>
        {row && row.providers.length > 0 && <HeadFact term="Provider">{row.providers.join(', ')}</HeadFact>}
        {row && row.regions.length > 0 && <HeadFact term="Region">{row.regions.join(', ')}</HeadFact>}
        {row && row.others.length > 0 && (
          <HeadFact term={by === 'model' ? 'Endpoints' : 'Models'}>
            {row.others.map((other) =>
              by === 'model' ? <EndpointLink key={other} name={other} /> : <ModelLink key={other} name={other} />,
            )}
          </HeadFact>
        )}
        {by === 'endpoint' && <EndpointFacts name={name} />}
        {slos.map((one) => (
          <HeadFact key={`${one.slo.group} ${one.slo.id} ${JSON.stringify(one.group?.labels)}`} term={one.slo.rule}>
            <SloCell slo={one} />
          </HeadFact>
        ))}
      </dl>
    </ThingHead>
  )
}

function EndpointFacts({ name }: { name: string }) {
  const up = leastUp(useUptime().data?.probes ?? [], name)
  const links = useTopology().data?.links ?? []
  const [servers, gpus] = [serversUnder(links, name), gpusUnder(links, name)]
  return (
    <>
      {up && <HeadFact term="Uptime this month">{formatRatio(up.uptime_ratio)}</HeadFact>}
      {servers.length > 0 && (
        <HeadFact term="Servers">
          {servers.map((instance) => (
            <ServerLink key={instance} instance={instance} />
          ))}
        </HeadFact>
      )}
      {gpus.length > 0 && <HeadFact term="GPUs">{gpus.length}</HeadFact>}
    </>
  )
}
