import { Button, CopyButton } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import { useCallback, useMemo, useState } from 'react'
import { useSchema, useSqlRun, type SchemaAnswer, type SqlQuestion, type SqlResult } from '../data/sql.ts'
import { ApiFailure } from '../lib/api.ts'
import { formatExact } from '../lib/format.ts'
import { maxSqlInUrl, questionOf, type Search } from '../lib/search.ts'
import { useStored } from '../lib/stored.ts'
import { useSearch } from '../lib/use-search.ts'
import { SqlEditor } from '../panels/SqlEditor.tsx'
import { SqlLibrary, type PastQuery, type SavedQuery } from '../panels/SqlLibrary.tsx'
import { SqlResultPanel } from '../panels/SqlResult.tsx'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import '../styles/sql.css'

/** SQL over everything that is stored, read-only. */
export default function Sql() {
  const schema = useSchema()
  if (schema.data) return <Workbench schema={schema.data} />
  if (schema.error) return <Failure error={schema.error} retry={() => void schema.refetch()} height={240} />
  return <PanelSkeleton height={240} />
}

/** So many of them are remembered. */
const maxPast = 50

function Workbench({ schema }: { schema: SchemaAnswer }) {
  const [search, change] = useSearch()
  const [text, setText] = useState(search.sql ?? schema.questions.find(({ title }) => title === opening)?.sql ?? '')
  const [past, changePast] = useStored('inferwatch.sql.history', isPast)
  const [saved, changeSaved] = useStored('inferwatch.sql.saved', isSaved)

  const remember = useCallback(
    ({ sql, explain }: SqlQuestion, end: SqlResult | Error) => {
      if (explain) return
      const outcome = end instanceof Error ? 'failed' : `${formatExact(end.rows.length)}${end.more ? '+' : ''} rows`
      const one = { sql, at: Date.now(), outcome }
      changePast((before) => [one, ...before.filter((other) => other.sql !== sql)].slice(0, maxPast))
    },
    [changePast],
  )
  const { current, start, cancel } = useSqlRun(remember)

  // A link within the page, or a step back, brings another query.
  const [linked, setLinked] = useState(search.sql)
  if (search.sql !== linked) {
    setLinked(search.sql)
    if (search.sql !== undefined) setText(search.sql)
  }

  const running = current.state === 'running'
  const run = (explain = false) => {
    if (text.trim() === '') return
    if (text.length <= maxSqlInUrl) change((before) => ({ ...before, sql: text }), { replace: search.sql === text })
    start({ sql: text, search, explain })
  }
  const stop = () => {
    if (running) cancel()
    return running
  }
  useHotkeys([['Escape', () => void stop()]])

  const failed = current.state === 'failed' && current.question.sql === text ? current.error : null
  const at = failed instanceof ApiFailure ? failed.at : null
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
            <SaveButton
              text={text}
              onSave={(name) =>
                changeSaved((before) => [{ name, sql: text }, ...before.filter((other) => other.name !== name)])
              }
            />
            <ShareButton text={text} />
            <span className="sql-hint dim wide-only">
              {'{from:DateTime64(3)}'} and {'{to:DateTime64(3)}'} are the page’s time range
            </span>
          </footer>
        </section>
        <SqlResultPanel
          run={current}
          rowLimit={schema.row_limit}
          otherRange={current.state === 'done' && rangeOf(current.question.search) !== rangeOf(search)}
          onCancel={cancel}
          onRetry={start}
        />
      </div>
      <SqlLibrary
        schema={schema}
        past={past}
        saved={saved}
        onPick={setText}
        onForget={(name) => changeSaved((before) => before.filter((other) => other.name !== name))}
      />
    </div>
  )
}

/** What stands in the editor at first. */
const opening = 'Requests per minute'

const rangeOf = (search: Search) => JSON.stringify(questionOf({ ...search, filters: {} }))

function SaveButton({ text, onSave }: { text: string; onSave: (name: string) => void }) {
  const [open, setOpen] = useState(false)
  if (!open)
    return (
      <button type="button" className="control" onClick={() => setOpen(true)} disabled={text.trim() === ''}>
        Save
      </button>
    )
  return (
    <form
      className="sql-save"
      onSubmit={(event) => {
        event.preventDefault()
        const name = new FormData(event.currentTarget).get('name')
        if (typeof name !== 'string' || name.trim() === '') return
        onSave(name.trim().slice(0, 120))
        setOpen(false)
      }}
    >
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the field comes because one asked for it */}
      <input name="name" aria-label="Name of the query" placeholder="Name" maxLength={120} autoFocus required />
      <button type="submit" className="control">
        Save in this browser
      </button>
    </form>
  )
}

/** The address holds the query, unless it is too long for one; whoever opens it runs it themselves. */
function ShareButton({ text }: { text: string }) {
  if (text.length > maxSqlInUrl) return null
  const address = new URL(window.location.href)
  address.searchParams.set('sql', text)
  return (
    <CopyButton value={address.toString()}>
      {({ copied, copy }) => (
        <button type="button" className="control" onClick={copy}>
          {copied ? 'Copied' : 'Copy link'}
        </button>
      )}
    </CopyButton>
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isPast = (value: unknown): value is PastQuery =>
  isRecord(value) && typeof value.sql === 'string' && typeof value.at === 'number' && typeof value.outcome === 'string'
const isSaved = (value: unknown): value is SavedQuery =>
  isRecord(value) && typeof value.sql === 'string' && typeof value.name === 'string'
