/**
 * Which groups of requests are slow? `quantileExact` over raw rows of `requests`: the value of a real request, at index
 * floor(quantile × count) of the sorted ones, without interpolation; the same function as the pages use.
 */
import { alertScan, quantileMeasure, type AlertScan, type Question } from './alert-scan.ts'

/** `requests` counts those that have the time: all of them for duration_ms, the streamed ones for ttft_ms and tpot_ms. */
export function alertLatency(
  column: 'duration_ms' | 'ttft_ms' | 'tpot_ms',
  quantile: number,
  scan: AlertScan,
): Question {
  return alertScan(quantileMeasure(column, quantile), scan)
}
