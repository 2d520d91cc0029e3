import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Frame } from './frame/Frame.tsx'
import { formatSearch, parseSearch } from './lib/search.ts'
import { NotFound } from './pages/NotFound.tsx'
import { PageFailure } from './pages/PageFailure.tsx'

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound })

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component })

const routes = root.addChildren([
  page(
    '/',
    lazyRouteComponent(() => import('./pages/Overview.tsx')),
  ),
  page(
    '/requests',
    lazyRouteComponent(() => import('./pages/Requests.tsx')),
  ),
  page(
    '/traces/$trace_id',
    lazyRouteComponent(() => import('./pages/Trace.tsx')),
  ),
  page(
    '/sessions',
    lazyRouteComponent(() => import('./pages/Sessions.tsx')),
  ),
  page(
    '/sessions/$session_id',
    lazyRouteComponent(() => import('./pages/Session.tsx')),
  ),
  page(
    '/users',
    lazyRouteComponent(() => import('./pages/Users.tsx')),
  ),
  page(
    '/users/$user_id',
    lazyRouteComponent(() => import('./pages/User.tsx')),
  ),
  page(
    '/gpus',
    lazyRouteComponent(() => import('./pages/Gpus.tsx')),
  ),
  page(
    '/gpus/$host/$gpu',
    lazyRouteComponent(() => import('./pages/Gpu.tsx')),
  ),
  page(
    '/models',
    lazyRouteComponent(() => import('./pages/Models.tsx')),
  ),
  page(
    '/models/$model',
    lazyRouteComponent(() => import('./pages/Model.tsx')),
  ),
  page(
    '/endpoints',
    lazyRouteComponent(() => import('./pages/Endpoints.tsx')),
  ),
  page(
    '/endpoints/$endpoint',
    lazyRouteComponent(() => import('./pages/Endpoint.tsx')),
  ),
  page(
    '/servers',
    lazyRouteComponent(() => import('./pages/Servers.tsx')),
  ),
  page(
    '/servers/$server',
    lazyRouteComponent(() => import('./pages/Server.tsx')),
  ),
  page(
    '/cost',
    lazyRouteComponent(() => import('./pages/Cost.tsx')),
  ),
  page(
    '/uptime',
    lazyRouteComponent(() => import('./pages/Uptime.tsx')),
  ),
  page(
    '/alerts',
    lazyRouteComponent(() => import('./pages/Alerts.tsx')),
  ),
  page(
    '/alerts/silence',
    lazyRouteComponent(() => import('./pages/SilenceLink.tsx')),
  ),
  page(
    '/alerts/rule',
    lazyRouteComponent(() => import('./pages/RuleEditor.tsx')),
  ),
  page(
    '/sql',
    lazyRouteComponent(() => import('./pages/Sql.tsx')),
  ),
  page(
    '/schema',
    lazyRouteComponent(() => import('./pages/Schema.tsx')),
  ),
  page(
    '/targets',
    lazyRouteComponent(() => import('./pages/Targets.tsx')),
  ),
  page(
    '/ingest',
    lazyRouteComponent(() => import('./pages/Ingest.tsx')),
  ),
  page(
    '/settings',
    lazyRouteComponent(() => import('./pages/Settings.tsx')),
  ),
])

/** The search stays text here: lib/search.ts is its one reader and writer. */
export const router = createRouter({
  routeTree: routes,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailure,
  parseSearch: (text) => ({ ...parseSearch(text) }),
  stringifySearch: (search) => formatSearch({ filters: {}, ...search }),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
