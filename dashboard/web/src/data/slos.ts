import { api, read } from '../lib/api.ts'
import { useSlowly, type QuestionInput } from './use-question.ts'

/** Objectives have periods of their own: the page's range says nothing of them. */
const slos = ({ explain = '0' }: QuestionInput, signal?: AbortSignal) =>
  read(
    api.slos.$get({ query: { explain: explain === '1' ? '1' : '0' } }, { init: { signal: signal ?? null } }),
  )

export const useSlos = () => useSlowly('slos', slos)

export type Slos = Awaited<ReturnType<typeof slos>>
export type Slo = Slos['slos'][number]
export type SloGroup = Slo['groups'][number]
export type SloWindow = SloGroup['windows'][number]
