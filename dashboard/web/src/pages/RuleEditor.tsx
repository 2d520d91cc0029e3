import { useAlerts, useRule, type RuleView } from '../data/alerts.ts'
import { useRuleKinds } from '../data/backtest.ts'
import { ruleFileOf } from '../lib/rule-text.ts'
import { useSearch } from '../lib/use-search.ts'
import { RuleWorkbench } from '../panels/alerts/RuleWorkbench.tsx'
import { ruleKey } from '../panels/alerts/words.ts'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import '../styles/alerts.css'

/** A rule while somebody writes it: its values, and when it would have fired. It begins as a copy of the URL's rule, or as an example: of the kind that the URL's view names, where it names one. */
export default function RuleEditor() {
  const [search] = useSearch()
  const alerts = useAlerts()
  const copied = alerts.data?.rules.find((rule) => ruleKey(rule) === search.row)
  if (search.row !== undefined && alerts.isPending) return <PanelSkeleton height={320} />
  return copied ? <Copy key={search.row} rule={copied} /> : <Example kind={search.view} />
}

function Copy({ rule }: { rule: RuleView }) {
  const { data, error, isPending, refetch } = useRule(rule)
  const kinds = useRuleKinds().data?.kinds ?? []
  if (isPending) return <PanelSkeleton height={320} />
  if (!data) return <Failure error={error} retry={() => void refetch()} height={320} />
  const example = kinds.find(({ name }) => name === rule.kind)
  const yaml = data.yaml || (example?.yaml ?? '')
  return <RuleWorkbench of={ruleKey(rule)} first={ruleFileOf(yaml, data.interval_ms)} kinds={kinds} />
}

/** Of the rules that come with Inferwatch. */
const usualIntervalMs = 30_000

/** Without examples one may still write a rule and try it. */
function Example({ kind }: { kind: string | undefined }) {
  const { data, error, isPending, refetch } = useRuleKinds()
  if (isPending) return <PanelSkeleton height={320} />
  const kinds = data?.kinds ?? []
  const example = kinds.find(({ name }) => name === kind) ?? kinds[0]
  return (
    <>
      {!data && <Failure error={error} retry={() => void refetch()} height={120} />}
      <RuleWorkbench
        key={kind}
        of={`new ${kind ?? ''}`}
        first={ruleFileOf(example?.yaml ?? '', usualIntervalMs)}
        kinds={kinds}
      />
    </>
  )
}
