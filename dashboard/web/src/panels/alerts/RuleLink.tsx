import { Link } from '@tanstack/react-router'
import { ruleKey } from './words.ts'

/** To a rule among the rules. */
export function RuleLink({ rule }: { rule: { group: string; id: string; rule: string } }) {
  return (
    <Link
      to="/alerts"
      search={(before) => ({ ...before, view: 'rules', row: ruleKey(rule) })}
      className="panel-link"
      title={rule.group}
    >
      {rule.rule}
    </Link>
  )
}
