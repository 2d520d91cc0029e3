import { Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useModelNames } from '../data/overview.ts'
import { useStored } from '../lib/stored.ts'
import { useSearch } from '../lib/use-search.ts'
import { DiffersPanel } from '../panels/explorer/DiffersPanel.tsx'
import { Facets } from '../panels/explorer/Facets.tsx'
import { HeatmapPanel } from '../panels/explorer/HeatmapPanel.tsx'
import { QueryField } from '../panels/explorer/QueryField.tsx'
import { RequestList } from '../panels/explorer/RequestList.tsx'
import { SavedViews } from '../panels/explorer/SavedViews.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { RequestDrawer } from '../panels/RequestDrawer.tsx'

const isText = (value: unknown): value is string => typeof value === 'string'

/** Every request of the range: narrowed by facets and free filters, spread out by latency, listed, compared. */
export default function Requests() {
  const models = useModelNames()
  const names = useMemo(() => [models], [models])
  const [search] = useSearch()
  const narrow = useMediaQuery('(max-width: 900px)') ?? false
  const [hidden, hide] = useStored('inferwatch.hidden-facets', isText)
  const [drawer, setDrawer] = useState(false)
  const beside = !narrow && hidden.length === 0
  return (
    <PageProvider names={names}>
      <div className="explorer-bar">
        <button
          type="button"
          className="control"
          aria-pressed={narrow ? drawer : beside}
          onClick={() => (narrow ? setDrawer(true) : hide(() => (beside ? ['requests'] : [])))}
        >
          <IconAdjustmentsHorizontal size={14} stroke={1.7} aria-hidden />
          Facets
        </button>
        <QueryField />
        <SavedViews />
      </div>
      <div className="explorer" data-facets={beside}>
        {beside && (
          <aside className="explorer-facets" aria-label="Facets">
            <Facets />
          </aside>
        )}
        <div className="explorer-main">
          <HeatmapPanel />
          {search.brush && <DiffersPanel />}
          <RequestList />
        </div>
      </div>
      {narrow && (
        <Drawer
          opened={drawer}
          onClose={() => setDrawer(false)}
          position="left"
          size={320}
          title="Facets"
          closeButtonProps={{ 'aria-label': 'Close the facets' }}
        >
          {drawer && <Facets />}
        </Drawer>
      )}
      <RequestDrawer />
    </PageProvider>
  )
}
