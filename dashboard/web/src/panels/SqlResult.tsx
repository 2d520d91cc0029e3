/** The answer to a query: as a table or a chart, with its size, how long it took, and the ways to take it along. */
import { Button, Menu } from '@mantine/core'
import { IconAlertTriangle, IconDownload } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { fade, Legend } from '../charts/Legend.tsx'
import { lastOf, maxOf } from '../charts/lines.ts'
import { TimeChart } from '../charts/TimeChart.tsx'
import { exportFormats, exportSql, type SqlQuestion, type SqlResult, type SqlRun } from '../data/sql.ts'
import { ApiFailure } from '../lib/api.ts'
import {
  formatExactly,
  formatBytes,
  formatCount,
  formatExact,
  formatMs,
  formatRatio,
  formatUsd,
  formatUsdTick,
  type Maybe,
} from '../lib/format.ts'
import { sqlChart, type SqlChart } from '../lib/sql-chart.ts'
import { useNow } from '../lib/use-now.ts'
import { PageProvider, usePage } from './page-context.tsx'

export type ShownAs = 'table' | 'chart'

interface SqlResultProps {
  run: SqlRun
  /** What the page has now and the question had not: `of another time range`. */
  stale: string | null
  /** A chart only where the rows make one. */
  shown: ShownAs
  onShow: (shown: ShownAs) => void
  onCancel: () => void
  onRetry: (question: SqlQuestion) => void
}

export function SqlResultPanel({ run, stale, shown, onShow, onCancel, onRetry }: SqlResultProps) {
  const title = run.state !== 'none' && run.question.explain ? 'How the query would run' : 'Result'
  return (
    <section className="panel panel-wide" aria-label={title} aria-busy={run.state === 'running'}>
      {run.state === 'none' && (
        <div className="panel-empty">
          <p>Rows show here. Write a query, or take a ready question; ⌘ or Ctrl and Enter runs it</p>
        </div>
      )}
      {run.state === 'running' && <Running since={run.since} onCancel={onCancel} />}
      {run.state === 'failed' && (
        <Failed sql={run.question.sql} error={run.error} onRetry={() => onRetry(run.question)} />
      )}
      {run.state === 'done' && (
        <Answer
          title={title}
          run={run}
          stale={stale}
          shown={shown}
          onShow={onShow}
          key={JSON.stringify(run.question)}
        />
      )}
    </section>
  )
}

function Running({ since, onCancel }: { since: number; onCancel: () => void }) {
  const now = useNow()
  return (
    <div className="panel-empty" role="status">
      <p>Running, {Math.max(Math.floor((now - since) / 1000), 0)} s</p>
      <Button size="compact-sm" variant="default" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  )
}

function Failed({ sql, error, onRetry }: { sql: string; error: Error; onRetry: () => void }) {
  const before = error instanceof ApiFailure && error.at ? sql.slice(0, error.at.from).split('\n') : null
  return (
    <div className="failure" role="alert">
      <IconAlertTriangle size={20} aria-hidden />
      <p className="failure-text">
        {error.message}
        {before && ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`}
      </p>
      {error instanceof ApiFailure && <p className="dim">{error.hint}</p>}
      <Button size="compact-sm" variant="default" onClick={onRetry}>
        Run again
      </Button>
    </div>
  )
}

interface AnswerProps extends Pick<SqlResultProps, 'stale' | 'shown' | 'onShow'> {
  title: string
  run: Extract<SqlRun, { state: 'done' }>
}

function Answer({ title, run: { question, result }, stale, shown, onShow }: AnswerProps) {
  const chart = useMemo(() => sqlChart(result.columns, result.rows), [result])
  const count = `${result.more ? 'more than ' : ''}${formatExact(result.rows.length)} ${result.rows.length === 1 ? 'row' : 'rows'}`
  return (
    <>
      <header className="panel-head">
        <h2>{title}</h2>
        <span className="sql-facts dim">
          {count} in {formatMs(result.elapsed_ms)}
        </span>
        {stale !== null && <span className="stale">{stale}: run it again</span>}
        <div className="panel-controls">
          {chart && (
            <div className="toggles" role="group" aria-label="Show as">
              <button type="button" aria-pressed={shown === 'table'} onClick={() => onShow('table')}>
                Table
              </button>
              <button type="button" aria-pressed={shown === 'chart'} onClick={() => onShow('chart')}>
                Chart
              </button>
            </div>
          )}
          {!question.explain && <ExportMenu question={question} />}
        </div>
      </header>
      <div className="panel-body">
        {result.more && (
          <p className="sql-note" role="note">
            Only the first {formatExactly(result.rows.length, 'row')} are shown, and drawn. Add a LIMIT, or export them
            all
          </p>
        )}
        {chart && shown === 'chart' ? (
          <PageProvider names={[chart.lines.map(({ name }) => name)]}>
            <Chart chart={chart} />
          </PageProvider>
        ) : (
          <ResultTable result={result} />
        )}
      </div>
    </>
  )
}

function ExportMenu({ question }: { question: SqlQuestion }) {
  const [state, setState] = useState<{ busy: boolean; error: string }>({ busy: false, error: '' })
  const take = (format: (typeof exportFormats)[number]) => {
    setState({ busy: true, error: '' })
    exportSql(question, format).then(
      () => setState({ busy: false, error: '' }),
      (error: Error) => setState({ busy: false, error: error.message }),
    )
  }
  return (
    <>
      {state.error !== '' && (
        <span className="failure-text" role="alert">
          {state.error}
        </span>
      )}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <button type="button" className="control" disabled={state.busy}>
            <IconDownload size={14} aria-hidden />
            {state.busy ? 'Exporting' : 'Export'}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {exportFormats.map((format) => (
            <Menu.Item key={format} onClick={() => take(format)}>
              {{ csv: 'CSV', json: 'JSON lines', parquet: 'Parquet' }[format]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

/** Rows that are drawn before one asks for the rest: thousands of them make a page slow. */
const firstRows = 200

function ResultTable({ result: { columns, rows } }: { result: SqlResult }) {
  const [all, setAll] = useState(false)
  if (rows.length === 0) return <p className="panel-empty">No row fits the query</p>
  const drawn = all ? rows : rows.slice(0, firstRows)
  return (
    <>
      <div className="table-scroll sql-rows">
        <table className="table" aria-label="Rows">
          <thead>
            <tr>
              {columns.map(({ name, type, kind }, index) => (
                // oxlint-disable-next-line react/no-array-index-key -- two columns may have one name
                <th key={index} className={kind === 'number' ? 'number' : ''} title={type}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {drawn.map((row, at) => (
              // oxlint-disable-next-line react/no-array-index-key -- rows have no other identity
              <tr key={at}>
                {columns.map(({ kind }, index) => (
                  // oxlint-disable-next-line react/no-array-index-key -- as above
                  <td key={index} className={kind === 'number' ? 'number' : ''}>
                    <Cell value={row[index]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {drawn.length < rows.length && (
        <p className="panel-empty">
          <button type="button" className="control" onClick={() => setAll(true)}>
            Show all {formatExactly(rows.length, 'row')}
          </button>
        </p>
      )}
    </>
  )
}

/** As the engine wrote it: who writes SQL wants the value itself. */
function Cell({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span className="dim">null</span>
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (
    <span className="sql-cell" title={text.length > 60 ? text : undefined}>
      {text}
    </span>
  )
}

function Chart({ chart }: { chart: SqlChart }) {
  const { color, isolated, isolate, zoom } = usePage()
  const lines = useMemo(
    () =>
      fade(
        chart.lines.map(({ name, values }) => ({ key: name, label: name, group: name, color: color(name), values })),
        isolated,
      ),
    [chart, color, isolated],
  )
  const column = chart.lines[0]?.column ?? ''
  const format = formatOf(column)
  return (
    <>
      <TimeChart
        frame={chart.frame}
        lines={lines}
        format={format}
        tick={column.endsWith('_usd') ? formatUsdTick : format}
        label="The result over time"
        onZoom={zoom}
        height={260}
      />
      <Legend
        columns={['last', 'max']}
        rows={chart.lines.map(({ name, column: own, values }) => ({
          group: name,
          label: name,
          color: color(name),
          cells: [formatOf(own)(lastOf(values)), formatOf(own)(maxOf(values))],
        }))}
        isolated={isolated}
        onIsolate={isolate}
      />
      {chart.left > 0 && <p className="sql-note">{chart.left} more are not drawn</p>}
    </>
  )
}

/** By the unit in the column's name. */
function formatOf(column: string): (value: Maybe) => string {
  if (column.endsWith('_ms')) return formatMs
  if (column.endsWith('_usd')) return formatUsd
  if (column.endsWith('_ratio')) return formatRatio
  return column.endsWith('_bytes') ? formatBytes : formatCount
}
