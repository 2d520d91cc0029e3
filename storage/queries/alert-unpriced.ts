/**
 * Whose requests have no known price? Exact, over raw rows of `requests`. Only those that were answered count: one that failed or
 * was cancelled often tells no tokens, and no price could help.
 */
import { alertScan, type AlertScan, type Question } from './alert-scan.ts'

const answered = "status in ('ok', 'filtered')"

export function alertUnpriced(scan: AlertScan): Question {
  const requests = `countIf(${answered})`
  return alertScan({ value: `countIf(${answered} and cost_usd is null) / nullIf(${requests}, 0)`, requests }, scan)
}
