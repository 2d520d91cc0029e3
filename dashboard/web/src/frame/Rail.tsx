import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconDotsVertical, IconMoon, IconSun } from '@tabler/icons-react'
import { Link, useRouter } from '@tanstack/react-router'
import { useAlerts } from '../data/alerts.ts'
import { useStatus } from '../data/status.ts'
import { addressOf, elsewhere } from '../lib/elsewhere.ts'
import type { Search } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { pages, type PageEntry } from './pages.ts'

/** Where one can go. The range and the filters come along. */
export function Rail() {
  const firing = useAlerts().data?.active.filter((alert) => alert.state === 'firing').length ?? 0
  const status = useStatus()
  return (
    <nav className="rail" aria-label="Pages">
      <Link
        to="/"
        search={(before) => elsewhere(normal(before))}
        className="rail-brand"
        aria-label="Inferwatch, overview"
      >
        <img src="/icon.svg" alt="" width={22} height={22} />
        <span className="rail-word">Inferwatch</span>
      </Link>
      {pages.map((page, index) => (
        <RailLink
          key={page.to}
          page={page}
          first={index > 0 && pages[index - 1]?.group !== page.group}
          firing={page.to === '/alerts' ? firing : 0}
        />
      ))}
      <MorePages />
      <div className="rail-foot">
        <span title={status.data ? `ClickHouse ${status.data.clickhouse_version}` : undefined}>
          {status.data ? `v${status.data.version}` : ''}
        </span>
        <SchemeMenu />
      </div>
    </nav>
  )
}

interface RailLinkProps {
  page: PageEntry
  /** Of its group: some air stands before it. */
  first: boolean
  firing: number
}

function RailLink({ page: { to, word, icon: Icon, phone = false }, first, firing }: RailLinkProps) {
  return (
    <Link
      to={to}
      search={(before) => elsewhere(normal(before))}
      className="rail-link"
      title={word}
      data-first={first}
      data-phone={phone}
      activeOptions={{ exact: to === '/', includeSearch: false }}
    >
      <Icon size={18} stroke={1.7} aria-hidden />
      <span className="rail-word">{word}</span>
      {firing > 0 && (
        <span className="rail-badge">
          {firing}
          <span className="sr-only"> firing</span>
        </span>
      )}
    </Link>
  )
}

const normal = (search: Partial<Search>): Search => ({ filters: {}, ...search })

/** On a phone, the pages without a place in its bar. */
function MorePages() {
  const [search] = useSearch()
  const { history } = useRouter()
  return (
    <Menu position="top-end" withinPortal>
      <Menu.Target>
        <button type="button" className="rail-link rail-more">
          <IconDotsVertical size={18} stroke={1.7} aria-hidden />
          <span className="rail-word">More</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {pages
          .filter(({ phone }) => !phone)
          .map(({ to, word, icon: Icon }) => (
            <Menu.Item
              key={to}
              leftSection={<Icon size={16} stroke={1.7} />}
              onClick={() => history.push(addressOf(to, search))}
            >
              {word}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const schemes = [
  { value: 'light', word: 'Light', icon: IconSun },
  { value: 'dark', word: 'Dark', icon: IconMoon },
  { value: 'auto', word: 'As the system', icon: IconDeviceDesktop },
] as const

/** Light, dark or as the system says. */
function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const Current = schemes.find(({ value }) => value === colorScheme)?.icon ?? IconDeviceDesktop
  return (
    <Menu position="top-start" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Colour scheme">
          <Current size={17} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(({ value, word, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={16} />}
            onClick={() => setColorScheme(value)}
            aria-current={value === colorScheme}
          >
            {word}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
