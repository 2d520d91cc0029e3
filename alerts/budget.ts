/** A budget: dollars per calendar period, for each group of requests. */
import { periodAt, startOfDayBefore, type CalendarPeriod } from '../records/calendar.ts'
import type { BudgetQuestion } from '../storage/queries/alert-budget.ts'
import type { DimensionColumn } from '../storage/queries/alert-scan.ts'
import type { Filter } from '../storage/queries/where.ts'

export interface Budget {
  by: readonly DimensionColumn[]
  where: Filter
  amount_usd: number
  period: CalendarPeriod
  time_zone: string
}

/** What storage is asked about it as of `now`, epoch ms. */
export function budgetQuestion({ by, where, period, time_zone }: Budget, now: number): BudgetQuestion {
  return {
    by,
    where,
    period: periodAt(period, now, time_zone),
    week: { from: startOfDayBefore(now, 7, time_zone), to: startOfDayBefore(now, 0, time_zone) },
    now,
  }
}
