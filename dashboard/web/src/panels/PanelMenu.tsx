import { Menu } from '@mantine/core'
import {
  IconChartBar,
  IconCode,
  IconDots,
  IconDownload,
  IconLink,
  IconPhoto,
  IconPhotoDown,
  IconTable,
  IconTerminal2,
} from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import { useId, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from 'react'
import { flushSync } from 'react-dom'
import { useStatus } from '../data/status.ts'
import type { Explain } from '../data/use-question.ts'
import { formatDateTime } from '../lib/format.ts'
import { grafanaLink } from '../lib/grafana.ts'
import { defaultRange, filterColumns, filterLabels, formatSearch, type Search } from '../lib/search.ts'
import { sqlLink } from '../lib/sql-link.ts'
import { csvOf, download, downloadBlob, type DataTable } from '../lib/table.ts'
import { shownZone } from '../lib/time-zone.ts'
import { useSearch } from '../lib/use-search.ts'

export type Detail = 'table' | 'query'

interface PanelMenuProps {
  title: string
  /** For addresses and files. */
  slug: string
  /** More entries of this panel's own. */
  menu: ReactNode
  panel: RefObject<HTMLElement | null>
  /** Null when it has no data, or none that a table could hold. */
  table: (() => DataTable) | null
  /** Undefined where no table holds what it shows. */
  explain: Explain | undefined
  onDetail: (detail: Detail) => void
  /** Says how it went, beside the title. */
  onNote: (note: string) => void
}

/** What one can take away from a panel, and where it leads. A page has many, and most are never opened: until then, it is a button. */
export function PanelMenu({ menu, ...entries }: PanelMenuProps) {
  const [opened, setOpened] = useState(false)
  const [wanted, want] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  const toggle = () => {
    // Closed first: a menu gives focus back to where it was when it was opened.
    if (!wanted) flushSync(() => want(true))
    setOpened(!opened)
  }
  return (
    <>
      <button
        type="button"
        ref={button}
        // As the menu names who opens it.
        id={id}
        className="panel-menu"
        aria-label={`Menu of ${entries.title}`}
        aria-haspopup="menu"
        aria-expanded={opened}
        aria-controls={opened ? `${id}-dropdown` : undefined}
        onClick={toggle}
      >
        <IconDots size={16} aria-hidden />
      </button>
      {wanted && (
        <Menu
          id={id}
          position="bottom-end"
          withinPortal
          withInitialFocusPlaceholder={false}
          opened={opened}
          onChange={setOpened}
        >
          <Menu.Target>
            <Beside button={button} />
          </Menu.Target>
          <Menu.Dropdown>
            {menu}
            {opened && <Entries {...entries} />}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  )
}

interface BesideProps {
  button: RefObject<HTMLButtonElement | null>
  /** The menu's: it stands beside what this is given. */
  ref?: (target: HTMLElement | null) => void
}

/** Hands the menu a button that was there before it. */
function Beside({ button, ref }: BesideProps) {
  useLayoutEffect(() => {
    ref?.(button.current)
  }, [button, ref])
  return null
}

function Entries({ slug, panel, table, explain, onDetail, onNote }: Omit<PanelMenuProps, 'menu'>) {
  const [search] = useSearch()
  const { history } = useRouter()
  const grafana = useStatus().data?.grafana_url ?? null
  const dashboard = grafana === null ? null : grafanaLink(grafana, history.location.pathname, search)

  /** What goes wrong is said; it never takes the panel. */
  const tell = (done: string, act: () => Promise<void> | void) => async () => {
    try {
      await act()
      onNote(done)
    } catch (error) {
      onNote(error instanceof Error ? error.message : String(error))
    }
  }
  const openInSql = async (ask: Explain) => {
    const queries = await ask()
    const [only] = queries
    const link = queries.length === 1 && only ? sqlLink(only, search) : null
    // Of several, or of one that is too long for an address, the reader chooses.
    if (link === null) onDetail('query')
    else history.push(link)
  }
  const picture = async (copy: boolean) => {
    const { copyPicture, pictureOf } = await import('./picture.ts')
    if (!panel.current) return
    const caption = captionOf(search)
    if (copy) await copyPicture(panel.current, caption)
    else downloadBlob(`${slug}.png`, await pictureOf(panel.current, caption))
  }
  const link = () => {
    const shown = shownZone()
    const address = formatSearch(shown === undefined ? search : { ...search, tz: shown })
    return navigator.clipboard.writeText(`${location.origin}${location.pathname}${address}#${slug}`)
  }
  return (
    <>
      {table && (
        <>
          <Menu.Item leftSection={<IconTable size={15} />} onClick={() => onDetail('table')}>
            Show as table
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDownload size={15} />}
            onClick={() => void tell('', () => download(`${slug}.csv`, csvOf(table())))()}
          >
            Download CSV
          </Menu.Item>
        </>
      )}
      <Menu.Item leftSection={<IconPhoto size={15} />} onClick={() => void tell('copied', () => picture(true))()}>
        Copy as image
      </Menu.Item>
      <Menu.Item leftSection={<IconPhotoDown size={15} />} onClick={() => void tell('', () => picture(false))()}>
        Download image
      </Menu.Item>
      <Menu.Item leftSection={<IconLink size={15} />} onClick={() => void tell('copied', link)()}>
        Copy link
      </Menu.Item>
      {(explain ?? dashboard) && <Menu.Divider role="separator" />}
      {explain && (
        <>
          <Menu.Item leftSection={<IconCode size={15} />} onClick={() => onDetail('query')}>
            Show query
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTerminal2 size={15} />}
            onClick={() => void tell('', () => openInSql(explain))()}
          >
            Open in SQL page
          </Menu.Item>
        </>
      )}
      {dashboard !== null && (
        <Menu.Item
          leftSection={<IconChartBar size={15} />}
          component="a"
          href={dashboard}
          target="_blank"
          rel="noreferrer"
        >
          Open in Grafana
        </Menu.Item>
      )}
    </>
  )
}

/** The range and the filters of a picture, which has no address. */
function captionOf(search: Search): string {
  const range =
    search.from !== undefined && search.to !== undefined
      ? `${formatDateTime(search.from)} – ${formatDateTime(search.to)}`
      : `last ${search.range ?? defaultRange} up to ${formatDateTime(Date.now())}`
  const filters = filterColumns.flatMap((column) =>
    (search.filters[column] ?? []).map((value) => `${filterLabels[column]} ${value}`),
  )
  return [range, shownZone() ?? '', ...filters].filter((part) => part !== '').join(' · ')
}
