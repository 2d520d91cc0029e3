import { Button, CopyButton } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import { useCallback, useMemo, useState, type ReactNode } from 'react'
import { useSavedQueries } from '../data/saved-queries.ts'
import { useSchema, useSqlRun, type SchemaAnswer, type SqlQuestion, type SqlResult } from '../data/sql.ts'
import { ApiFailure } from '../lib/api.ts'
import { formatExactly } from '../lib/format.ts'
import { fitsInUrl, formatSearch, questionOf, type Search, filterColumns, filterLabels } from '../lib/search.ts'
import { paramsOf, sentParams, textsOf } from '../lib/sql-params.ts'
import { useStored } from '../lib/stored.ts'
import { useSearch } from '../lib/use-search.ts'
import { SqlEditor } from '../panels/SqlEditor.tsx'
import type { LibraryQuery, PastQuery, SavedQuery } from '../panels/SqlEntry.tsx'
import { SqlLibrary } from '../panels/SqlLibrary.tsx'
import { SqlParams } from '../panels/SqlParams.tsx'
import { SqlResultPanel, type ShownAs } from '../panels/SqlResult.tsx'
import { SqlSave } from '../panels/SqlSave.tsx'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import '../styles/sql.css'

/** SQL over everything that is stored, read-only. */
export default function Sql() {
  const schema = useSchema()
  if (schema.data) return <Workbench schema={schema.data} />
  if (schema.error) {
    const retry = () => void schema.refetch()
    return <Workbench schema={noSchema} problem={<Failure error={schema.error} retry={retry} height={240} />} />
  }
  return <PanelSkeleton height={240} />
}

/** Without it one may still write and run. */
const noSchema: SchemaAnswer = { tables: [], questions: [], row_limit: 0 }

/** So many of them are remembered. */
const maxPast = 50

interface WorkbenchProps {
  schema: SchemaAnswer
  /** Why there are no tables and questions. */
  problem?: ReactNode
}

function Workbench({ schema, problem = null }: WorkbenchProps) {
  const [search, change] = useSearch()
  const [text, setText] = useState(search.sql ?? schema.questions.find(({ title }) => title === opening)?.sql ?? '')
  const [texts, setTexts] = useState(search.params ?? {})
  const [shown, setShown] = useState<ShownAs>(search.view === 'chart' ? 'chart' : 'table')
  const [past, changePast] = useStored('inferwatch.sql.history', isPast)
  const [saved, changeSaved] = useStored('inferwatch.sql.saved', isSaved)
  const shared = useSavedQueries()
  const declared = useMemo(() => paramsOf(text), [text])
  const params = sentParams(declared, texts)

  const remember = useCallback(
    ({ sql, params: given, explain }: SqlQuestion, end: SqlResult | Error) => {
      if (explain) return
      const outcome =
        end instanceof Error
          ? 'failed'
          : end.more
            ? `over ${formatExactly(end.rows.length, 'row')}`
            : formatExactly(end.rows.length, 'row')
      const one = { sql, params: withoutNulls(given), at: Date.now(), outcome }
      changePast((before) => [one, ...before.filter((other) => !isSame(other, one))].slice(0, maxPast))
    },
    [changePast],
  )
  const { current, start, cancel } = useSqlRun(remember)

  const take = (query: LibraryQuery) => {
    setText(query.sql)
    setTexts((before) => ({ ...before, ...query.params }))
    if (query.chart) setShown(query.chart)
  }
  // A link within the page, or a step back, brings another query.
  const [linked, setLinked] = useState(search)
  if (!isSame(search, linked)) {
    setLinked(search)
    if (search.sql !== undefined) take({ ...search, sql: search.sql })
  }
  // A link to a saved query brings it once it is there.
  const [taken, setTaken] = useState<string | undefined>()
  const named = shared.data?.find(({ id }) => id === search.saved)
  if (named?.id !== taken) {
    setTaken(named?.id)
    if (named && search.sql === undefined) take(named)
  }
  const pick = ({ id, ...query }: LibraryQuery) => {
    take(query)
    if (id !== undefined) change((before) => ({ ...withoutQuery(before), saved: id }))
  }

  const kept = textsOf(declared, texts)
  const address: Search = {
    ...withoutQuery(search),
    sql: text,
    params: kept,
    ...(shown === 'chart' && { view: shown }),
  }
  const running = current.state === 'running'
  const run = (explain = false) => {
    if (text.trim() === '') return
    if (fitsInUrl(text, kept)) change(() => address, { replace: isSame(search, address) })
    start({ sql: text, params, search, explain })
  }
  const show = (next: ShownAs) => {
    setShown(next)
    change(({ view: _view, ...before }) => (next === 'chart' ? { ...before, view: next } : before), { replace: true })
  }
  const stop = () => {
    if (running) cancel()
    return running
  }
  useHotkeys([['Escape', () => void stop()]])

  const asked = current.state === 'none' ? null : current.question
  const otherParams = asked !== null && asked.sql === text && JSON.stringify(asked.params) !== JSON.stringify(params)
  const failed = current.state === 'failed' && asked?.sql === text && !otherParams ? current.error : null
  const { at, field } = failed instanceof ApiFailure ? failed : { at: null, field: '' }
  const message = failed?.message ?? ''
  const mistake = useMemo(() => (at ? { ...at, message } : null), [at, message])

  return (
    <div className="sql-page">
      <div className="sql-main">
        <section className="panel" aria-label="Editor">
          <SqlEditor
            value={text}
            onChange={setText}
            onRun={() => run()}
            onCancel={stop}
            tables={schema.tables}
            mistake={mistake}
          />
          <SqlParams
            params={declared}
            texts={texts}
            refused={field.startsWith('params.') ? field.slice('params.'.length) : null}
            onChange={(name, value) => setTexts((before) => ({ ...before, [name]: value }))}
            onRun={() => run()}
          />
          {filtersOf(search) !== '' && (
            <p className="dim sql-filters" role="note">
              Filters narrow no query of this page; they hold again on the others: {filtersOf(search)}
            </p>
          )}
          <footer className="sql-actions">
            {running ? (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconPlayerStop size={14} aria-hidden />}
                onClick={cancel}
              >
                Cancel
              </Button>
            ) : (
              <Button size="compact-sm" leftSection={<IconPlayerPlay size={14} aria-hidden />} onClick={() => run()}>
                Run
              </Button>
            )}
            <button type="button" className="control" onClick={() => run(true)} disabled={running}>
              Explain
            </button>
            <SqlSave
              query={{ sql: text, params: kept, chart: shown }}
              shared={shared.data ?? []}
              onKeep={(name) =>
                changeSaved((before) => [
                  { name, sql: text, params: kept, chart: shown },
                  ...before.filter((other) => other.name !== name),
                ])
              }
            />
            <ShareButton address={address} />
            {search.saved !== undefined && shared.data && !named && (
              <span className="stale" role="note">
                the saved query of this link was deleted
              </span>
            )}
            <span className="sql-hint dim wide-only">
              {'{from:DateTime64(3)}'} and {'{to:DateTime64(3)}'} are the page’s time range; any other {'{name:Type}'}{' '}
              gets an input
            </span>
          </footer>
        </section>
        <SqlResultPanel
          run={current}
          stale={
            asked !== null && rangeOf(asked.search) !== rangeOf(search)
              ? 'of another time range'
              : otherParams
                ? 'of other parameters'
                : null
          }
          shown={shown}
          onShow={show}
          onCancel={cancel}
          onRetry={start}
        />
      </div>
      <SqlLibrary
        schema={schema}
        problem={problem}
        past={past}
        saved={saved}
        onPick={pick}
        onForget={(name) => changeSaved((before) => before.filter((other) => other.name !== name))}
      />
    </div>
  )
}

/** What stands in the editor at first. */
const opening = 'Requests per minute'

const rangeOf = (search: Search) => JSON.stringify(questionOf({ ...search, filters: {} }))

/** In force on other pages, in words; empty without any. */
const filtersOf = ({ filters, q }: Search) =>
  [
    ...filterColumns.flatMap((column) => (filters[column] ?? []).map((value) => `${filterLabels[column]} ${value}`)),
    ...(q === undefined ? [] : [q]),
  ].join(', ')

/** Range and filters stay. */
function withoutQuery({ sql: _sql, params: _params, saved: _saved, view: _view, ...search }: Search): Search {
  return search
}

/** Whether two are one query with the same values. */
const isSame = (a: Partial<LibraryQuery>, b: Partial<LibraryQuery>) =>
  a.sql === b.sql && JSON.stringify(a.params ?? {}) === JSON.stringify(b.params ?? {})

const withoutNulls = (params: SqlQuestion['params']) =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null)) as Record<string, string>

/** The address holds the query and its parameters, unless they are too long for one; whoever opens it runs it themselves. */
function ShareButton({ address }: { address: Search }) {
  if (!fitsInUrl(address.sql ?? '', address.params)) return null
  return (
    <CopyButton value={new URL(`/sql${formatSearch(address)}`, window.location.href).href}>
      {({ copied, copy }) => (
        <button type="button" className="control" onClick={copy}>
          {copied ? 'Copied' : 'Copy link'}
        </button>
      )}
    </CopyButton>
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isQuery = (value: unknown): value is Record<string, unknown> & LibraryQuery =>
  isRecord(value) && typeof value.sql === 'string' && (value.params === undefined || isRecord(value.params))
const isPast = (value: unknown): value is PastQuery =>
  isQuery(value) && typeof value.at === 'number' && typeof value.outcome === 'string'
const isSaved = (value: unknown): value is SavedQuery => isQuery(value) && typeof value.name === 'string'
