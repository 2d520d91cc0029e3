import { useParams } from '@tanstack/react-router'
import { useGpuHistory } from '../data/fleet.ts'
import { formatUsdPerHour } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { GpuNumbers } from '../panels/gpus/GpuNumbers.tsx'
import { historyNames, HistoryPanels } from '../panels/gpus/history-panels.tsx'
import { pricePerHour } from '../panels/gpus/measures.ts'
import { UsesPanel, XidPanel } from '../panels/gpus/UsesPanel.tsx'
import { gpuName } from '../panels/GpuPanels.tsx'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Panels } from '../panels/Panels.tsx'
import { ThingHead } from '../panels/ThingHead.tsx'

/** One GPU, or one MIG instance of it: what it did, what ran on it, what it cost. */
export default function Gpu() {
  const { host = '', gpu = '' } = useParams({ strict: false })
  const [{ row: mig_id = '' }] = useSearch()
  const place = { host, gpu, mig_id }
  const asked = useGpuHistory(place)
  const known = asked.data?.gpu
  const price = asked.data ? pricePerHour(asked.data) : null
  return (
    <PageProvider names={historyNames}>
      <ThingHead of={{ to: '/gpus', title: 'GPUs' }} name={gpuName(place)}>
        {known && (
          <span className="dim">
            {[known.device, known.mig_profile, known.uuid, price === null ? '' : formatUsdPerHour(price)]
              .filter(Boolean)
              .join(' · ')}
          </span>
        )}
      </ThingHead>
      {asked.data && !known ? (
        <section className="panel">
          <div className="panel-empty">
            <NothingHere what="Nothing of this GPU is stored in this range" />
          </div>
        </section>
      ) : (
        <>
          {!(asked.isError && !asked.data) && <GpuNumbers history={asked.data} />}
          <Panels>
            <HistoryPanels asked={asked} />
            <XidPanel asked={asked} />
            <UsesPanel asked={asked} />
          </Panels>
        </>
      )}
    </PageProvider>
  )
}
