import { Outlet } from '@tanstack/react-router'
import { useLive } from '../data/live.tsx'
import { useStatus } from '../data/status.ts'
import { ApiFailure } from '../lib/api.ts'
import { Login } from '../pages/Login.tsx'
import { Rail } from './Rail.tsx'
import { TopBar } from './TopBar.tsx'

/** The rail, the top bar and the page; the login form when the server asks for a key. */
export function Frame() {
  const live = useLive()
  const status = useStatus()
  if (status.error instanceof ApiFailure && status.error.status === 401) return <Login />
  return (
    <div className="frame">
      <Rail />
      <div className="main">
        <TopBar live={live} />
        <main className="page">
          <Outlet />
        </main>
      </div>
    </div>
  )
}
