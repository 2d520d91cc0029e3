/** Sessions and users: lists, and one of them. Ids are text of clients, so that they stand in the query, never in the path. */
import { Hono } from 'hono'
import { z } from 'zod'
import { session, sessionOrders, sessions } from '../../../storage/queries/sessions.ts'
import { withPeriodBefore } from '../../../storage/queries/previous.ts'
import { userSeries } from '../../../storage/queries/user-series.ts'
import { user, userOrders, users } from '../../../storage/queries/users.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, questionSchema } from '../question.ts'

const compare = z.enum(['0', '1']).optional()
const page = {
  compare,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Further down nobody reads: narrow the filters instead. */
  offset: z.coerce.number().int().min(0).max(10_000).default(0),
}
const sessionList = questionSchema({ ...page, order: z.enum(sessionOrders).default('last') })
const userList = questionSchema({ ...page, order: z.enum(userOrders).default('cost') })
const id = z.string().min(1).max(1000)
const oneUser = questionSchema({ user: id })
const comparedUser = questionSchema({ user: id, compare })
const oneSession = z.strictObject({ session_id: id, explain: z.enum(['0', '1']).optional() })

export function peopleRoute(context: RouteContext) {
  return new Hono()
    .get('/api/sessions', checked(sessionList), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { filter, range }) => sessions(db, filter, range, pageOf(query)),
        extra(query),
      )
      return c.json(await answer)
    })
    .get('/api/session', checked(oneSession), async (c) => {
      const { session_id, explain } = c.req.valid('query')
      const key = JSON.stringify([c.req.path, session_id])
      const { session: found, ...rest } = await context.ask(key, explain === '1', (db) => session(db, session_id))
      if (!found) throw new ApiError(404, `No session ${session_id}`, 'It may be older than the retention')
      return c.json({ ...rest, session: found })
    })
    .get('/api/users', checked(userList), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { filter, range }) => users(db, filter, range, pageOf(query)),
        extra(query),
      )
      return c.json(await answer)
    })
    .get('/api/user', checked(oneUser), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { filter, range }) => user(db, filter, range, query.user),
        query.user,
      )
      return c.json(await answer)
    })
    .get('/api/user/series', checked(comparedUser), async (c) => {
      const query = c.req.valid('query')
      const compare = query.compare === '1'
      const answer = askRange(
        context,
        c,
        query,
        (db, { filter, range }) =>
          withPeriodBefore((asked, like) => userSeries(db, filter, asked, query.user, like), range, compare),
        JSON.stringify([query.user, compare]),
      )
      return c.json(await answer)
    })
}

interface ListQuery<Order> {
  order: Order
  limit: number
  offset: number
  compare?: '0' | '1' | undefined
}

const pageOf = <Order>({ order, limit, offset, compare }: ListQuery<Order>) => ({
  order,
  limit,
  offset,
  compare: compare === '1',
})

const extra = (query: ListQuery<string>) => JSON.stringify(pageOf(query))
