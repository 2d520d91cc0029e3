import { spanOf } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'

/** An empty panel: what would be here, and the nearest way to see something. */
export function NothingHere({ what }: { what: string }) {
  const [search, change] = useSearch()
  const filtered = Object.keys(search.filters).length > 0 || search.q !== undefined || search.brush !== undefined
  const short = search.from !== undefined || spanOf(search) < 86_400_000
  return (
    <>
      <p>{what}</p>
      <div className="panel-empty-actions">
        {filtered && (
          <button
            type="button"
            className="control"
            onClick={() => change(({ q: _q, brush: _brush, ...rest }) => ({ ...rest, filters: {} }))}
          >
            Clear filters
          </button>
        )}
        {short && (
          <button
            type="button"
            className="control"
            onClick={() => change(({ from: _from, to: _to, ...rest }) => ({ ...rest, range: '24h' }))}
          >
            Show the last 24 h
          </button>
        )}
      </div>
    </>
  )
}
