/** When a rule that somebody is writing would have fired: progress and then the result, as server-sent events. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE, type SSEMessage, type SSEStreamingApi } from 'hono/streaming'
import { z } from 'zod'
import {
  backtest,
  momentsIn,
  whyNotBacktested,
  type BacktestEvent,
  type BacktestResult,
} from '../../../alerts/backtest/index.ts'
import { parseWrittenRule, type WrittenRule } from '../../../alerts/backtest/rule-text.ts'
import { ConfigError } from '../../../alerts/yaml-file.ts'
import { durationMs, durationPattern } from '../../../records/duration.ts'
import { StorageError } from '../../../storage/client.ts'
import type { RouteContext } from '../context.ts'
import { ApiError, errorBody } from '../errors.ts'
import { checkedBody, rangeOf } from '../question.ts'

export type { BacktestResult }

const maxBodyBytes = 256 * 1024
/** A week at half a minute is 20,160. */
const mostEvaluations = 50_000
const atOnce = 2
const longestMs = 120_000
/** A client that is connected and reads nothing holds no place for longer. */
const longestWriteMs = 15_000

const duration = z.string().regex(durationPattern, 'expected a duration such as 30s, 5m or 7d')

const question = z.strictObject({
  /** A rule file, or one rule. */
  yaml: z.string().trim().min(1, 'expected a rule'),
  /** Which one, of a file with several. */
  rule: z.string().optional(),
  range: duration.optional(),
  from: z.number().min(0).max(9e12).optional(),
  to: z.number().min(0).max(9e12).optional(),
  step: duration.optional(),
  pages_per_week: z.number().min(0).max(1e6).nullable().default(null),
})
const hint = 'Send JSON: { "yaml": "alert: …", "range": "7d" }, or from and to in epoch ms'

export interface BacktestLimits {
  /** A backtest that takes longer ends with an error. */
  longestMs?: number
  /** So does one whose client does not take what is sent. */
  longestWriteMs?: number
}

export function backtestRoute({ deps, now }: RouteContext, limits: BacktestLimits = {}) {
  let running = 0
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new ApiError(413, 'The rule is too long', `At most ${maxBodyBytes / 1024} KiB`, 'yaml')
    },
  })
  return new Hono().post('/api/alerts/backtest', limited, checkedBody(question, hint), (c) => {
    const body = c.req.valid('json')
    const { rule, group } = written(body.yaml, body.rule)
    const reason = whyNotBacktested(rule)
    if (reason !== null)
      throw new ApiError(400, `This rule cannot be backtested: ${reason}`, 'Any other kind of rule can be', 'yaml')
    const range = rangeOf(body, now())
    const stepMs = stepOf(body.step, group.interval_ms)
    const { count } = momentsIn(range, stepMs)
    if (count > mostEvaluations)
      throw new ApiError(
        400,
        `${count} evaluations are too many`,
        `At most ${mostEvaluations}: a longer step or less time`,
        'step',
      )
    if (running >= atOnce)
      throw new ApiError(429, `${atOnce} backtests run already`, 'Wait for one of them, or close its page')
    running++
    return streamSSE(c, async (stream) => {
      const left = new AbortController()
      stream.onAbort(() => left.abort())
      const send = (message: SSEMessage) => sendWithin(limits.longestWriteMs ?? longestWriteMs, stream, message)
      const signal = AbortSignal.any([left.signal, AbortSignal.timeout(limits.longestMs ?? longestMs)])
      const paging = deps.backtest.paging()
      const options = {
        rule,
        group,
        range,
        stepMs,
        paging,
        reader: deps.backtest.reader,
        pagesPerWeek: body.pages_per_week,
        signal,
      }
      try {
        for await (const event of backtest(options)) await send(messageOf(event))
      } catch (error) {
        if (!left.signal.aborted)
          await send({ event: 'error', data: JSON.stringify(errorBody(explained(error, signal))) })
      } finally {
        running--
      }
    })
  })
}

/** Gives the client up when it does not take the message in time. */
async function sendWithin(ms: number, stream: SSEStreamingApi, message: SSEMessage): Promise<void> {
  const stuck = setTimeout(() => stream.abort(), ms)
  try {
    await stream.writeSSE(message)
  } finally {
    clearTimeout(stuck)
  }
}

function messageOf(event: BacktestEvent) {
  const { type, ...progress } = event
  return { event: type, data: JSON.stringify(event.type === 'result' ? event.result : progress) }
}

function written(yaml: string, name: string | undefined): WrittenRule {
  try {
    return parseWrittenRule(yaml, name)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ApiError(400, error.message, 'The rule is checked as rule files are: file, line, what was found', 'yaml')
  }
}

function stepOf(text: string | undefined, intervalMs: number): number {
  if (text === undefined) return intervalMs
  if (durationMs(text) >= 1000) return durationMs(text)
  throw new ApiError(400, 'step: expected 1s or more', 'Leave it out for the interval of the rule’s group', 'step')
}

function explained(error: unknown, signal: AbortSignal): ApiError {
  if (signal.aborted)
    return new ApiError(504, 'The backtest took too long', 'Choose less time, a longer step or a shorter window')
  if (error instanceof StorageError && error.retryable)
    return new ApiError(503, 'The database does not answer', 'It restarts by itself; try again')
  const message = error instanceof Error ? error.message : String(error)
  return new ApiError(400, message.slice(0, 500), 'Mend the rule’s query', 'yaml')
}
