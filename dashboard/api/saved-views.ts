/** Views of pages that everybody on the instance sees. */
import { randomUUID } from 'node:crypto'
import type { Db } from '../../storage/client.ts'
import { savedViews, type SavedViewRow } from '../../storage/queries/saved-views.ts'
import { ApiError } from './errors.ts'
import { oneByOne } from './one-by-one.ts'

/** What a person says of a view. */
export interface ViewText {
  /** Path of the page. */
  page: string
  name: string
  /** The query string of the address, without the question mark. */
  search: string
  saved_by: string
}

/** What is not said stays as it was; a view stays on its page. */
export type ViewChange = { [Field in 'name' | 'search' | 'saved_by']?: ViewText[Field] | undefined }

export interface SavedView extends ViewText {
  id: string
  /** Epoch ms. */
  saved_at: number
}

export interface SavedViews {
  /** Of a page, by name. */
  list(page: string): Promise<SavedView[]>
  /** Throws ApiError 409 when there are as many as there may be, or one of that name on the page. */
  save(text: ViewText): Promise<SavedView>
  /** Throws ApiError 404 when there is none of that id, 409 when another of the page has the name. */
  change(id: string, change: ViewChange): Promise<SavedView>
  /** Throws ApiError 404 when there is none of that id. */
  remove(id: string): Promise<void>
}

const mostViews = 500

interface SavedViewsOptions {
  db: Db
  writer: Pick<Db, 'insert'>
  now: () => number
}

export function createSavedViews({ db, writer, now }: SavedViewsOptions): SavedViews {
  const inTurn = oneByOne()

  const put = async (view: SavedView, { version = 0, deleted = false } = {}) => {
    // Above the one before, also when the clock was set back.
    const row = { ...view, saved_at: new Date(view.saved_at), deleted, version: Math.max(now() * 1000, version + 1) }
    await writer.insert('saved_views', [row])
    return view
  }

  return {
    list: async (page) => (await savedViews(db)).filter((row) => row.page === page).map(viewOf),
    save: (text) =>
      inTurn(async () => {
        const rows = await savedViews(db)
        if (rows.length >= mostViews)
          throw new ApiError(409, `${mostViews} views are saved already`, 'Delete one that nobody needs')
        const view = { ...text, id: randomUUID(), saved_at: now() }
        checkName(rows, view)
        return put(view)
      }),
    change: (id, { name, search, saved_by }) =>
      inTurn(async () => {
        const rows = await savedViews(db)
        const row = rowOf(rows, id)
        const before = viewOf(row)
        const view = {
          ...before,
          name: name ?? before.name,
          search: search ?? before.search,
          saved_by: saved_by ?? before.saved_by,
          saved_at: now(),
        }
        checkName(rows, view)
        return put(view, row)
      }),
    remove: (id) =>
      inTurn(async () => {
        const row = rowOf(await savedViews(db), id)
        await put(viewOf(row), { version: row.version, deleted: true })
      }),
  }
}

function rowOf(rows: readonly SavedViewRow[], id: string): SavedViewRow {
  const row = rows.find((one) => one.id === id)
  if (!row) throw new ApiError(404, `There is no saved view ${id}`, 'It may have been deleted', 'id')
  return row
}

function checkName(rows: readonly SavedViewRow[], { id, page, name }: SavedView): void {
  if (rows.some((row) => row.page === page && row.name === name && row.id !== id))
    throw new ApiError(409, `A saved view is called "${name}" already`, 'Choose another name', 'name')
}

function viewOf({ version: _version, ...view }: SavedViewRow): SavedView {
  return view
}
