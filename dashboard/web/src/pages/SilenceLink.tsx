import { Navigate } from '@tanstack/react-router'
import { useSearch } from '../lib/use-search.ts'

/** Where messages link to: the form of a silence, with the alert's labels in it. */
export default function SilenceLink() {
  const [{ matchers = '' }] = useSearch()
  return <Navigate to="/alerts" search={{ view: 'silences', matchers } as never} replace />
}
