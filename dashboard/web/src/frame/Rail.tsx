import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useAlerts } from '../data/alerts.ts'
import { useStatus } from '../data/status.ts'
import { elsewhere } from '../lib/elsewhere.ts'
import { pages } from './pages.ts'

/** Where one can go. The range and the filters come along. */
export function Rail() {
  const firing = useAlerts().data?.active.filter((alert) => alert.state === 'firing').length ?? 0
  const status = useStatus()
  return (
    <nav className="rail" aria-label="Pages">
      <Link to="/" className="rail-brand" aria-label="Inferwatch, overview">
        <img src="/icon.svg" alt="" width={22} height={22} />
        <span className="rail-word">Inferwatch</span>
      </Link>
      {pages.map(({ to, word, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          search={elsewhere as never}
          className="rail-link"
          title={word}
          activeOptions={{ exact: to === '/', includeSearch: false }}
        >
          <Icon size={18} stroke={1.7} aria-hidden />
          <span className="rail-word">{word}</span>
          {to === '/alerts' && firing > 0 && (
            <span className="rail-badge" aria-label={`${firing} firing`}>
              {firing}
            </span>
          )}
        </Link>
      ))}
      <div className="rail-foot">
        <span title={status.data ? `ClickHouse ${status.data.clickhouse_version}` : undefined}>
          {status.data ? `v${status.data.version}` : ''}
        </span>
        <SchemeMenu />
      </div>
    </nav>
  )
}

const schemes = [
  { value: 'light', word: 'Light', icon: IconSun },
  { value: 'dark', word: 'Dark', icon: IconMoon },
  { value: 'auto', word: 'As the system', icon: IconDeviceDesktop },
] as const

/** Light, dark or as the system says. */
export function SchemeMenu() {
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
