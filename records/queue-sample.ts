/** One queue of jobs at one scrape; table `queue_samples`. Counters are reset-safe increases over interval_ms; missing is null. */
import type { EpochMicros } from './span.ts'

export interface QueueSample {
  timestamp: EpochMicros
  /** Since the sample before; null on the first. */
  interval_ms: number | null
  /** The target it was scraped from: its URL. */
  target: string
  /** rabbitmq, bullmq, sqs, …, or as a mapping of the configuration names it. */
  system: string
  queue: string
  /** The endpoint whose calls its jobs make, where the target names one; else empty. */
  endpoint: string
  /** Jobs that nobody works on yet. */
  waiting: number | null
  /** Jobs being worked on. */
  running: number | null
  /** How long the oldest job has been waiting. */
  oldest_age_ms: number | null
  consumers: number | null
  arrived: number | null
  done: number | null
  failed: number | null
}
