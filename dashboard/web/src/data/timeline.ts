import { api, read } from '../lib/api.ts'
import { useWindow, type QuestionInput } from './use-question.ts'

const timeline = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.timeline.$get({ query }, { init: { signal: signal ?? null } }))

/** Requests of a longer time than the range's. */
export const useTimeline = (from: number, to: number) => useWindow('timeline', timeline, from, to)
export type Timeline = Awaited<ReturnType<typeof timeline>>
