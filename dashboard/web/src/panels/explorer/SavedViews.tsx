/** Views of the page that everybody on the instance sees: filters, columns and what the heatmap shows; not the range. */
import { ActionIcon, CloseButton, Popover } from '@mantine/core'
import { IconBookmark, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useDeleteView, useRenameView, useSavedViews, useSaveView, type SavedView } from '../../data/saved-views.ts'
import { formatAgo, formatIso } from '../../lib/format.ts'
import { formatSearch, parseSearch, type Search } from '../../lib/search.ts'
import { useNow } from '../../lib/use-now.ts'
import { useSearch } from '../../lib/use-search.ts'
import { useWho } from '../../lib/who.ts'
import { Failure } from '../states.tsx'

const page = '/requests'

/** What of an address a view is. */
function viewOf({ q, filters, cols, measure }: Search): Search {
  return { filters, ...(q && { q }), ...(cols && { cols }), ...(measure && { measure }) }
}

const searchText = (search: Search) => formatSearch(viewOf(search)).replace(/^\?/, '')

export function SavedViews() {
  const [opened, setOpened] = useState(false)
  return (
    <Popover position="bottom-end" withinPortal trapFocus opened={opened} onChange={setOpened}>
      <Popover.Target>
        <button type="button" className="control" aria-haspopup="dialog" onClick={() => setOpened(!opened)}>
          <IconBookmark size={14} stroke={1.7} aria-hidden />
          Views
        </button>
      </Popover.Target>
      <Popover.Dropdown>{opened && <Views onDone={() => setOpened(false)} />}</Popover.Dropdown>
    </Popover>
  )
}

function Views({ onDone }: { onDone: () => void }) {
  const views = useSavedViews(page)
  return (
    <div className="saved-views">
      <h3>Saved for everybody</h3>
      {views.error && <Failure error={views.error} retry={() => void views.refetch()} />}
      {views.data?.length === 0 && <p className="dim">What anybody saves shows here for all</p>}
      <ul>
        {views.data?.map((view) => (
          <View key={view.id} view={view} onDone={onDone} />
        ))}
      </ul>
      <Save views={views.data ?? []} />
    </div>
  )
}

function View({ view, onDone }: { view: SavedView; onDone: () => void }) {
  const [search, change] = useSearch()
  const now = useNow()
  const [doing, setDoing] = useState<'nothing' | 'rename' | 'delete'>('nothing')
  const rename = useRenameView()
  const remove = useDeleteView()
  const error = rename.error ?? remove.error
  const apply = () => {
    change(({ q: _q, cols: _cols, measure: _measure, brush: _brush, ...rest }) => ({
      ...rest,
      ...viewOf(parseSearch(view.search)),
    }))
    onDone()
  }
  return (
    <li className="view" data-current={view.search === searchText(search)}>
      {doing === 'nothing' && (
        <>
          <button type="button" className="view-name" onClick={apply}>
            <b>{view.name}</b>
            <span className="dim" title={formatIso(view.saved_at)}>
              {view.saved_by}, {formatAgo(view.saved_at, now)}
            </span>
          </button>
          <ActionIcon
            size="xs"
            variant="subtle"
            color="gray"
            onClick={() => setDoing('rename')}
            aria-label={`Rename ${view.name}`}
          >
            <IconPencil size={13} aria-hidden />
          </ActionIcon>
          <CloseButton size="xs" aria-label={`Delete ${view.name}`} onClick={() => setDoing('delete')} />
        </>
      )}
      {doing === 'rename' && (
        <form
          className="view-form"
          onSubmit={(event) => {
            event.preventDefault()
            const name = new FormData(event.currentTarget).get('name')
            if (typeof name === 'string') rename.mutate({ id: view.id, name }, { onSuccess: () => setDoing('nothing') })
          }}
        >
          <input
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the field comes because one asked for it
            autoFocus
            name="name"
            aria-label={`New name of ${view.name}`}
            defaultValue={view.name}
            maxLength={120}
            required
          />
          <button type="submit" className="control" disabled={rename.isPending}>
            Rename
          </button>
        </form>
      )}
      {doing === 'delete' && (
        <div className="view-form">
          <span>Delete “{view.name}” for everybody?</span>
          <button type="button" className="control" onClick={() => remove.mutate(view.id)} disabled={remove.isPending}>
            Delete
          </button>
          <button type="button" className="control" onClick={() => setDoing('nothing')}>
            Keep
          </button>
        </div>
      )}
      {error && (
        <p className="failure-text" role="alert">
          {error.message}
        </p>
      )}
    </li>
  )
}

function Save({ views }: { views: readonly SavedView[] }) {
  const [search] = useSearch()
  const [who, keepWho] = useWho()
  const [named, setNamed] = useState('')
  const [by, setBy] = useState(who)
  const save = useSaveView()
  const name = named.trim()
  const same = views.find((view) => view.name === name)
  return (
    <form
      className="popover-form"
      onSubmit={(event) => {
        event.preventDefault()
        keepWho(by.trim())
        save.mutate(
          { page, name, search: searchText(search), saved_by: by.trim(), id: same?.id },
          { onSuccess: () => setNamed('') },
        )
      }}
    >
      <label>
        Save these filters and columns as
        <input value={named} maxLength={120} required onChange={(event) => setNamed(event.currentTarget.value)} />
      </label>
      <label>
        Your name
        <input value={by} maxLength={200} required onChange={(event) => setBy(event.currentTarget.value)} />
      </label>
      <button type="submit" className="control" disabled={name === '' || by.trim() === '' || save.isPending}>
        {same ? 'Replace for everybody' : 'Save for everybody'}
      </button>
      {save.error && (
        <p className="failure-text" role="alert">
          {save.error.message}
        </p>
      )}
    </form>
  )
}
