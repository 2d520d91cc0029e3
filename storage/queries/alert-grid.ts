/**
 * The same scan of `requests` at many moments of a grid in one query: every row counts for each window that it stands in. The answers
 * are those of asking one by one, exactly; a row is read once instead of once per window.
 */
import { alertScan, type Question, type ScanPart } from './alert-scan.ts'
import { where } from './where.ts'

/** Ends of windows: `count` of them, `step_ms` apart from `first` on. Times are whole epoch milliseconds. */
export interface Grid {
  first: number
  step_ms: number
  count: number
}

/**
 * One query for the questions of a grid, in its order, or null when they can't share one: they differ in more than their window, or
 * a window without requests gives a row too. Its rows have a column `evaluation`, the place in the grid.
 */
export function gridQuestion(questions: readonly Question[], grid: Grid): Question | null {
  const [first] = questions
  if (!first?.part || questions.length !== grid.count) return null
  const { scan } = first.part
  if (scan.by.length === 0 && scan.min_requests === 0) return null
  const window = scan.range.to - scan.range.from
  const shape = shapeOf(first)
  if (shape === null) return null
  const alike = questions.every((question, index) => {
    const range = question.part?.scan.range
    const to = grid.first + index * grid.step_ms
    return range?.to === to && range.from === to - window && shapeOf(question) === shape
  })
  return alike && Number.isInteger(grid.first) && Number.isInteger(grid.step_ms)
    ? build(first.part, first.params, grid)
    : null
}

/** All but the window; null for a question that is more than its scan. */
function shapeOf({ sql, params, part }: Question): string | null {
  if (!part || alertScan(part.measure, part.scan).sql !== sql) return null
  const { from_ms: _, to_ms: __, ...others } = params
  return JSON.stringify([sql, others])
}

function build({ measure, scan }: ScanPart, params: Question['params'], { first, step_ms, count }: Grid): Question {
  const { by, threshold, range } = scan
  const window = range.to - range.from
  const steps = Math.ceil(window / step_ms)
  const condition = where(scan.where, { from: first - window, to: first + (count - 1) * step_ms })
  const beyond = threshold ? ` and value ${threshold.side === 'above' ? '>' : '<'} {threshold:Float64}` : ''
  // The first window that ends after the row, and the first that begins after it; `grid_base` lies before every row.
  const place = (us: string) => `intDiv(${us} - {grid_base_us:Int64}, {grid_step_us:Int64}) - {grid_steps:Int64} + 1`
  const us = 'toUnixTimestamp64Micro(timestamp)'
  const sql = `select ${[...by, `${measure.value} as value`, `${measure.requests} as requests`].join(', ')},
  arrayJoin(range(
    greatest(0, ${place(us)}),
    least({grid_count:Int64}, ${place(`${us} + {grid_window_us:Int64}`)}))) as evaluation
from requests
where ${condition.sql}
group by ${['evaluation', ...by].join(', ')}
having requests >= {min_requests:UInt64} and value is not null${beyond}
order by ${['evaluation', ...by, 'value'].join(', ')}
limit {row_limit:UInt32} by evaluation`
  const places = {
    grid_base_us: (first - steps * step_ms) * 1000,
    grid_step_us: step_ms * 1000,
    grid_steps: steps,
    grid_window_us: window * 1000,
    grid_count: count,
  }
  return { sql, params: { ...params, ...condition.params, ...places } }
}
