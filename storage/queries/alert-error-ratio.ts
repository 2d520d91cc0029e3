/** Which groups of requests fail, and how? Exact, over raw rows of `requests`. */
import { alertScan, type AlertScan, type Question } from './alert-scan.ts'
import { isError } from './where.ts'

const withHttpStatus = (from: number, to: number) =>
  `(status = 'error' and coalesce(http_status, 0) between ${from} and ${to})`

/** Ways to end other than well; no request is of two classes. */
const conditions = {
  rate_limited: "status = 'rate_limited'",
  timeout: "status = 'timeout'",
  client: withHttpStatus(400, 499),
  server: withHttpStatus(500, 599),
  // Connections that broke, streams that ended early, SDKs that tell no HTTP status.
  other: "(status = 'error' and coalesce(http_status, 0) not between 400 and 599)",
  cancelled: "status = 'cancelled'",
  filtered: "status = 'filtered'",
} as const
export type ErrorClass = keyof typeof conditions
export const errorClasses = Object.keys(conditions) as [ErrorClass, ...ErrorClass[]]

/** Without classes: whatever counts as an error everywhere else, which `cancelled` and `filtered` are not. */
export function alertErrorRatio(classes: readonly ErrorClass[], scan: AlertScan): Question {
  const fails = classes.length > 0 ? classes.map((name) => conditions[name]).join(' or ') : isError
  return alertScan({ value: `countIf(${fails}) / nullIf(count(), 0)`, requests: 'count()' }, scan)
}
