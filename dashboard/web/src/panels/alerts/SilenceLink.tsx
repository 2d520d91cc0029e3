import { Link } from '@tanstack/react-router'
import type { Search } from '../../lib/search.ts'
import { matchersOf } from './words.ts'

/** Opens the form of a silence with an alert's labels in it. */
export function SilenceLink({ labels, button = false }: { labels: Record<string, string>; button?: boolean }) {
  return (
    <Link
      to="/alerts"
      search={({ row: _row, ...rest }: Partial<Search>) => ({
        ...rest,
        view: 'silences',
        matchers: matchersOf(labels),
      })}
      className={button ? 'control' : 'panel-link'}
    >
      Silence
    </Link>
  )
}
