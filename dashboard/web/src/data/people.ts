import { api, read } from '../lib/api.ts'
import { useCompare, useOne, useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const sessions = (query: QuestionInput, signal?: AbortSignal) => read(api.sessions.$get({ query }, init(signal)))
const session = (query: QuestionInput, signal?: AbortSignal) => read(api.session.$get({ query }, init(signal)))
const users = (query: QuestionInput, signal?: AbortSignal) => read(api.users.$get({ query }, init(signal)))
const user = (query: QuestionInput, signal?: AbortSignal) => read(api.user.$get({ query }, init(signal)))
const overTime = (query: QuestionInput, signal?: AbortSignal) => read(api.user.series.$get({ query }, init(signal)))

/** Rows of a page. */
export const pageSize = 50

interface Listed {
  order: string
  offset: number
}

const page = ({ order, offset }: Listed) => ({ order, offset: String(offset), limit: String(pageSize) })

/** Sessions that had a call in the range; of one user, when one is named. */
export const useSessions = (listed: Listed, user_id?: string) =>
  useQuestion('sessions', sessions, { ...page(listed), ...useCompare(), ...(user_id !== undefined && { user_id }) })
/** One session as a whole, whatever the range. */
export const useSession = (session_id: string) => useOne('session', session, { session_id })
/** Users that had a call in the range. */
export const useUsers = (listed: Listed) => useQuestion('users', users, { ...page(listed), ...useCompare() })
/** One user in the range. */
export const useUser = (user_id: string) => useQuestion('user', user, { user: user_id })
/** The same over time, with the period before when one compares. */
export const useUserSeries = (user_id: string) =>
  useQuestion('user series', overTime, { user: user_id, ...useCompare() })

export type Sessions = Awaited<ReturnType<typeof sessions>>
export type SessionRow = Sessions['sessions'][number]
export type SessionDetail = Awaited<ReturnType<typeof session>>
export type Users = Awaited<ReturnType<typeof users>>
export type UserRow = Users['users'][number]
export type UserPage = Awaited<ReturnType<typeof user>>
export type UserSeries = Awaited<ReturnType<typeof overTime>>
export type UserModel = UserPage['models'][number]
export type Judgement = UserPage['judgements'][number]
