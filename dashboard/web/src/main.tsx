import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './mantine.css'
import './styles/tokens.css'
import './styles/frame.css'
import './styles/strip.css'
import './styles/controls.css'
import './styles/forms.css'
import './styles/panels.css'
import './styles/numbers.css'
import './styles/charts.css'
import './styles/marks.css'
import './styles/tables.css'
import './styles/request.css'
import './styles/fleet.css'
import './styles/cost.css'
import './styles/explorer.css'
import './styles/facets.css'
import './styles/views.css'
import './styles/differs.css'
import './styles/models.css'
import './styles/overview.css'
import './styles/states.css'
import './styles/print.css'
import { ApiFailure } from './lib/api.ts'
import { router } from './router.tsx'
import { theme } from './theme.ts'

/** What the client got wrong stays wrong: only failures of the server are tried again. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && !(error instanceof ApiFailure && error.status >= 400 && error.status < 500),
      retryDelay: 1000,
    },
  },
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}
