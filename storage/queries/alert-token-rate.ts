/**
 * How fast do groups of requests get their output? Exact, over raw rows of `requests`; those whose output tokens are unknown are left
 * out and don't count.
 */
import { alertScan, type AlertScan, type Question } from './alert-scan.ts'

/** All of them together: output tokens per second of the window. */
export function alertThroughput(scan: AlertScan): Question {
  const seconds = (scan.range.to - scan.range.from) / 1000
  return alertScan(
    { value: 'sum(output_tokens) / {seconds:Float64}', requests: 'count(output_tokens)', params: { seconds } },
    scan,
  )
}

/** Each for itself: a percentile of its output tokens per second of its whole duration, waiting for the first one included. */
export function alertRequestSpeed(quantile: number, scan: AlertScan): Question {
  const speed = 'output_tokens / nullIf(duration_ms, 0) * 1000'
  return alertScan(
    {
      value: `quantileExactOrNull({quantile:Float64})(${speed})`,
      requests: `count(${speed})`,
      params: { quantile },
    },
    scan,
  )
}
