import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { BacktestResult } from '../../../api/app.ts'
import { answered, api, ApiFailure, read } from '../lib/api.ts'
import { serverEvents } from '../lib/sse.ts'

export type { BacktestResult }

const kinds = () => read(api.alerts.kinds.$get({ query: {} }))

/** An example of each kind of rule; they change with the version only. */
export const useRuleKinds = () => useQuery({ queryKey: ['rule kinds'], queryFn: kinds, staleTime: Infinity })

export interface BacktestQuestion {
  yaml: string
  /** A duration up to now, or two times, epoch ms. */
  range: { range: string } | { from: number; to: number }
  /** Between two evaluations; as the rule's file has it unless said. */
  step?: string
  pages_per_week: number
}

export interface BacktestProgress {
  done: number
  total: number
  firings: number
}

/** Rejects with an ApiFailure that says what is wrong with the rule, and on which line. */
async function backtest(
  { range, ...question }: BacktestQuestion,
  signal: AbortSignal,
  onProgress: (progress: BacktestProgress) => void = () => undefined,
): Promise<BacktestResult> {
  const { body } = await answered(api.alerts.backtest.$post({ json: { ...question, ...range } }, { init: { signal } }))
  if (body)
    for await (const { event, data } of serverEvents(body)) {
      if (event === 'progress') onProgress(JSON.parse(data) as BacktestProgress)
      if (event === 'result') return JSON.parse(data) as BacktestResult
      if (event === 'error') {
        const { error } = JSON.parse(data) as { error: { message: string; hint: string } }
        throw new ApiFailure(error.message, error.hint, 400)
      }
    }
  throw new ApiFailure('The backtest ended without a result', 'Try again', 0)
}

/** The values of a rule that is being written. */
export function useRulePreview(question: BacktestQuestion) {
  return useQuery({
    queryKey: ['rule preview', question],
    queryFn: ({ signal }) => backtest(question, signal),
    enabled: question.yaml.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  })
}

/** A backtest in whatever state it is. */
export type BacktestRun =
  | { state: 'none' }
  | { state: 'running'; question: BacktestQuestion; progress: BacktestProgress }
  | { state: 'done'; question: BacktestQuestion; result: BacktestResult }
  | { state: 'failed'; question: BacktestQuestion; error: Error }

const begun: BacktestProgress = { done: 0, total: 0, firings: 0 }

/** One at a time: a new one, and leaving the page, ends the one before. */
export function useBacktest() {
  const [current, setCurrent] = useState<BacktestRun>({ state: 'none' })
  const running = useRef<AbortController | null>(null)

  const cancel = useCallback(() => {
    running.current?.abort()
    running.current = null
    setCurrent((before) => (before.state === 'running' ? { state: 'none' } : before))
  }, [])
  useEffect(() => cancel, [cancel])

  const start = async (question: BacktestQuestion) => {
    running.current?.abort()
    const one = new AbortController()
    running.current = one
    const show = (run: BacktestRun) => running.current === one && setCurrent(run)
    show({ state: 'running', question, progress: begun })
    try {
      const result = await backtest(question, one.signal, (progress) => show({ state: 'running', question, progress }))
      show({ state: 'done', question, result })
    } catch (error) {
      show({ state: 'failed', question, error: error as Error })
    }
  }
  return { current, start: (question: BacktestQuestion) => void start(question), cancel }
}
