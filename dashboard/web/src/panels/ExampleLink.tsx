import type { IssueRow } from '../data/ingest.ts'
import { requestId } from '../data/requests.ts'
import { useSearch } from '../lib/use-search.ts'

/** Opens the request, or the trace, in which an issue can be seen; nothing where it was no span. */
export function ExampleLink({ issue }: { issue: IssueRow }) {
  const [, change] = useSearch()
  if (issue.example_span_id === '') return null
  const open = requestId({ trace_id: issue.example_trace_id, span_id: issue.example_span_id })
  return (
    <button
      type="button"
      className="chip-button"
      aria-label={`Open the example of: ${issue.title}`}
      onClick={(event) => {
        event.stopPropagation()
        change((before) => ({ ...before, open }))
      }}
      // The row around it opens by the same key.
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.stopPropagation()
      }}
    >
      Open
    </button>
  )
}
