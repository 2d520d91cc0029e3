/** What a budget is called where little room is: first what tells it apart from others of its rule. */
import { labelText } from '../alerts/words.ts'

export function budgetName(rule: string, labels: Record<string, string>): [first: string, then: string] {
  const of = labelText(labels)
  return of === '' ? [rule, ''] : [of, rule]
}
