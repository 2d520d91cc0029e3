import { useDiffers, type Difference, type DiffersAnswer } from '../../data/explorer.ts'
import { want } from '../../lib/facets.ts'
import {
  formatExactly,
  formatCount,
  formatCounted,
  formatExact,
  formatMs,
  formatRatio,
  unknown,
} from '../../lib/format.ts'
import { defaultMeasure } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Panel } from '../Panel.tsx'
import { facetLabel } from './Facets.tsx'
import { brushWords } from './HeatmapPanel.tsx'

/** What is different about the brushed requests: values and medians, against the rest of the range. */
export function DiffersPanel() {
  const [{ brush, measure = defaultMeasure }] = useSearch()
  const asked = useDiffers()
  if (!brush) return null
  return (
    <Panel
      title="What is different about these"
      unit={brushWords(brush, measure)}
      hint="Share of the brushed requests that have a value, against the share of the others of the same range and filters. What chance explains is left out (chi-square with Yates’s correction, p < 0.0001)."
      asked={asked}
      height={180}
      wide
      renderEmpty={({ inside, outside }) =>
        inside === 0 ? (
          <p>No request is in the brushed part</p>
        ) : outside === 0 ? (
          <p>All requests are in the brushed part: there is no rest to compare with</p>
        ) : null
      }
      table={(data) => ({
        columns: ['column', 'value', 'brushed', 'brushed share', 'rest', 'share of the rest'],
        rows: [
          ...data.values.map((row) => [
            row.column,
            row.value,
            row.inside,
            row.inside_share,
            row.outside,
            row.outside_share,
          ]),
          ...data.numbers.map((row) => [row.column, 'median', row.inside_p50, null, row.outside_p50, null]),
        ],
      })}
    >
      {(data) => <Shown data={data} />}
    </Panel>
  )
}

function Shown({ data }: { data: DiffersAnswer }) {
  const mark = data.factor > 1 ? '≈ ' : ''
  return (
    <div className="differs">
      <p className="dim differs-about">
        {mark}
        {formatCount(data.inside * data.factor)} brushed against {mark}
        {formatCounted(data.outside * data.factor, 'other')}
        {data.factor > 1 && `; one request in ${formatExact(data.factor)} was read`}
      </p>
      <div className="differs-values">
        <div className="differs-key" aria-hidden>
          <span>
            <i className="differs-in" /> brushed
          </span>
          <span>
            <i className="differs-out" /> others
          </span>
        </div>
        {data.values.length === 0 && <p>No value is more or less frequent among them than chance explains.</p>}
        <ol aria-label="Values that differ">
          {data.values.slice(0, 15).map((row) => (
            <Value key={`${row.column}=${row.value}`} row={row} />
          ))}
        </ol>
      </div>
      <Medians data={data} />
    </div>
  )
}

function Value({ row }: { row: Difference }) {
  const [, change] = useSearch()
  const told = (count: number, share: number) => `${formatExactly(count, 'request')}, ${formatRatio(share)}`
  return (
    <li>
      <button
        type="button"
        title={`Only ${facetLabel(row.column)} ${row.value}`}
        onClick={() => change((before) => want(before, row.column, row.value))}
      >
        <span className="differs-name">
          <span className="dim">{facetLabel(row.column)}</span> <b>{row.value}</b>
        </span>
        <span className="differs-bars" aria-hidden>
          <i className="differs-in" style={{ width: `${row.inside_share * 100}%` }} />
          <i className="differs-out" style={{ width: `${row.outside_share * 100}%` }} />
        </span>
        <span className="differs-share">
          <b title={told(row.inside, row.inside_share)}>{formatRatio(row.inside_share)}</b>
          <span className="dim" title={told(row.outside, row.outside_share)}>
            {formatRatio(row.outside_share)}
          </span>
        </span>
      </button>
    </li>
  )
}

const numberWords: Record<string, [name: string, format: (value: number | null) => string]> = {
  input_tokens: ['Input tokens', formatCount],
  output_tokens: ['Output tokens', formatCount],
  cached_input_tokens: ['Cached input tokens', formatCount],
  duration_ms: ['Latency', formatMs],
  ttft_ms: ['TTFT', formatMs],
  tpot_ms: ['TPOT', formatMs],
  queue_ms: ['Queue', formatMs],
  attempt: ['Attempt', formatCount],
}

/** Medians side by side; what neither part tells is left out. */
function Medians({ data }: { data: DiffersAnswer }) {
  const rows = data.numbers.filter((row) => row.inside_p50 !== null || row.outside_p50 !== null)
  if (rows.length === 0) return null
  return (
    <table className="table differs-medians" aria-label="Medians">
      <thead>
        <tr>
          <th scope="col">Median</th>
          <th scope="col" className="number">
            Brushed
          </th>
          <th scope="col" className="number">
            Others
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ column, inside_p50, outside_p50 }) => {
          const [name, format] = numberWords[column] ?? [column, formatCount]
          const told = (value: number | null) => (value === null ? 'none of them tells' : formatExact(value))
          return (
            <tr key={column}>
              <td>{name}</td>
              <td className="number" title={told(inside_p50)}>
                {inside_p50 === null ? unknown : format(inside_p50)}
              </td>
              <td className="number" title={told(outside_p50)}>
                {outside_p50 === null ? unknown : format(outside_p50)}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
