import { Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import { useLive } from '../data/live.tsx'
import { useStatus } from '../data/status.ts'
import { ApiFailure } from '../lib/api.ts'
import { showTimesIn } from '../lib/time-zone.ts'
import { useTimeZone } from '../lib/use-time-zone.ts'
import { Login } from '../pages/Login.tsx'
import { Annotating } from './Annotating.tsx'
import { Keys, type Opened } from './Keys.tsx'
import { Rail } from './Rail.tsx'
import { TopBar } from './TopBar.tsx'
import { Undo } from './Undo.tsx'

/** The rail, the top bar and the page; the login form when the server asks for a key. */
export function Frame() {
  const live = useLive()
  const status = useStatus()
  const [zone] = useTimeZone()
  const [opened, open] = useState<Opened>(null)
  showTimesIn(zone)
  if (status.error instanceof ApiFailure && status.error.status === 401) return <Login />
  return (
    <div className="frame">
      <a href="#page" className="skip-link">
        Skip to the page
      </a>
      <Rail />
      <div className="main">
        <TopBar
          live={live}
          rangeOpen={opened === 'range'}
          onRangeOpen={(wanted) => open(wanted ? 'range' : null)}
          onPalette={() => open('palette')}
        />
        {/* Another zone changes every time on the page: it is drawn anew. */}
        <main className="page" id="page" tabIndex={-1} key={zone}>
          <Outlet />
        </main>
      </div>
      <Keys opened={opened} onOpen={open} />
      <Annotating />
      <Undo />
    </div>
  )
}
