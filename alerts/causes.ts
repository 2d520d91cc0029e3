/** What may explain an alert: facts of storage in the alert's own window, put into words. Nothing is guessed. */
import { counted } from '../records/counted.ts'
import type { TimeRange } from '../records/time-range.ts'
import type { Db, QueryOptions } from '../storage/client.ts'
import {
  alertMarks,
  alertPriceChanges,
  alertRateLimits,
  alertServerLoad,
  alertThrottledGpus,
  type Mark,
  type PriceChange,
  type ProviderLimits,
  type ServerLoad,
  type ServerScope,
  type ThrottledGpu,
} from '../storage/queries/alert-briefing.ts'
import type { Filter } from '../storage/queries/where.ts'
import type { Labels } from './labels.ts'
import { formatTime } from './notify/facts.ts'
import { formatNumber } from './template.ts'

export interface Evidence {
  limits: ProviderLimits[]
  servers: ServerLoad[]
  gpus: ThrottledGpu[]
  marks: Mark[]
  prices: PriceChange[]
}

/** A deploy shows its effect only some time later. */
const deployLeadMs = 30 * 60_000

export interface CausesAsked {
  labels: Labels
  filter: Filter
  range: TimeRange
  /** The rule is about dollars, which prices explain. */
  spend: boolean
}

/** One sentence each, the likeliest first. */
export async function likelyCauses(db: Db, asked: CausesAsked, options: QueryOptions): Promise<string[]> {
  const { labels, filter, range, spend } = asked
  const scope: ServerScope = {
    endpoint: one(labels['endpoint']),
    model: one(labels['model']),
    instance: one(labels['instance']),
  }
  const hosts = one(labels['host'])
  const aboutServers = Object.values(scope).some(({ length }) => length > 0)
  const none = Promise.resolve([])
  const [limits, servers, gpus, marks, prices] = await Promise.all([
    alertRateLimits(db, filter, range, options),
    aboutServers ? alertServerLoad(db, scope, range, options) : none,
    aboutServers || hosts.length > 0 ? alertThrottledGpus(db, scope, hosts, range, options) : none,
    alertMarks(db, { from: range.from - deployLeadMs, to: range.to }, options),
    spend ? alertPriceChanges(db, filter, range, options) : none,
  ])
  const concerning = marks.filter((mark) => concerns(mark, labels))
  return sentences({ limits, servers, gpus, marks: concerning, prices }, spend)
}

const one = (value: string | undefined) => (value ? [value] : [])

/** A mark with labels of other models or endpoints is about something else. */
function concerns(mark: Mark, labels: Labels): boolean {
  return Object.entries(mark.labels).every(([name, value]) => labels[name] === undefined || labels[name] === value)
}

const mostSentences = 4
/** Of requests, before 429s are worth a word. */
const limitedRatio = 0.01
const fullCache = 0.95

/** Full queues and caches, throttled GPUs and 429s say nothing of a spend that rises; marks and prices do. */
export function sentences({ limits, servers, gpus, marks, prices }: Evidence, spend = false): string[] {
  const load = spend
    ? []
    : [
        ...limits.filter(isMuch).map(limitSentence),
        ...servers.filter(isQueueing).map(queueSentence),
        ...servers.filter(({ most_kv_cache_ratio }) => (most_kv_cache_ratio ?? 0) >= fullCache).map(cacheSentence),
        ...gpus.map(({ host, gpu, reasons }) => `GPU ${gpu} of ${host} was throttled (${reasons.join(', ')})`),
      ]
  return [
    ...prices.map(({ at, id }) => `a new price of ${id} holds since ${formatTime(at)}`),
    ...marks.slice(0, 2).map(({ at, kind, title }) => `${kind || 'mark'} at ${formatTime(at)}: ${title}`),
    ...load,
  ].slice(0, mostSentences)
}

const isMuch = ({ rate_limited, requests }: ProviderLimits) => rate_limited / requests >= limitedRatio

const limitSentence = ({ provider, rate_limited, requests }: ProviderLimits) =>
  `${provider || 'the provider'} answered 429 to ${formatNumber(rate_limited)} of ${counted(requests, 'request')}`

/** As many wait as are being worked on. */
const isQueueing = ({ running, waiting }: ServerLoad) => waiting !== null && waiting >= Math.max(running ?? 1, 1)

const queueSentence = ({ instance, most_waiting, waiting }: ServerLoad) =>
  `${formatNumber(waiting ?? 0)} requests waited at ${instance} on average, ${formatNumber(most_waiting ?? 0)} at most`

const cacheSentence = ({ instance, most_kv_cache_ratio }: ServerLoad) =>
  `the KV cache of ${instance} was ${formatNumber((most_kv_cache_ratio ?? 0) * 100)}% full`
