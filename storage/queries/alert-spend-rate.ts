/**
 * Who spends how fast? Dollars per hour at the pace of the window: the decimal sum over raw rows of `requests`, exact, made a
 * float at the end. Requests without a price count as requests and add nothing; a group with no price at all gives no row.
 */
import { alertScan, type AlertScan, type Question } from './alert-scan.ts'

export function alertSpendRate(scan: AlertScan): Question {
  const hours = (scan.range.to - scan.range.from) / 3_600_000
  return alertScan(
    { value: 'toFloat64(sum(cost_usd)) / {hours:Float64}', requests: 'count()', params: { hours } },
    scan,
  )
}
