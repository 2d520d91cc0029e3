/** Which groups of requests fail? Exact, over raw rows of `requests`. */
import { alertScan, type AlertScan, type Question } from './alert-scan.ts'
import { isError } from './where.ts'

export function alertErrorRatio(scan: AlertScan): Question {
  return alertScan({ value: `countIf(${isError}) / nullIf(count(), 0)`, requests: 'count()' }, scan)
}
