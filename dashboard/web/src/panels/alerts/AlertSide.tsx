import { Link } from '@tanstack/react-router'
import { useAlertGroups } from '../../data/alert-groups.ts'
import type { ActiveAlert, RuleView } from '../../data/alerts.ts'
import { formatAgo, formatIso, formatMs } from '../../lib/format.ts'
import { ruleSearch } from '../../lib/rule-search.ts'
import type { Search } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'
import { LinksOf } from '../NameLink.tsx'
import { Fact, Fields, Side, SideSection } from '../Side.tsx'
import { Snippet } from '../Snippet.tsx'
import { Status } from '../Status.tsx'
import { GroupsOf } from './GroupDetail.tsx'
import { RuleEvaluations } from './RuleEvaluations.tsx'
import { SilenceLink } from './SilenceLink.tsx'
import { exactly, formatValue, healthWords, ruleKey, stateLevels, summaryOf, thresholdOf } from './words.ts'

interface AlertSideProps {
  active: readonly ActiveAlert[]
  rules: readonly RuleView[]
  now: number
}

/** The open alert or rule of the URL, beside the page. */
export function AlertSide({ active, rules, now }: AlertSideProps) {
  const [search, change] = useSearch()
  const alert = active.find(({ fingerprint }) => fingerprint === search.row)
  const rule = rules.find((one) => ruleKey(one) === search.row)
  return (
    <Side
      title={alert ? 'Alert' : 'Rule'}
      opened={alert !== undefined || rule !== undefined}
      onClose={() => change(({ row: _row, ...rest }) => rest)}
    >
      {alert && (
        <AlertDetail
          alert={alert}
          rule={rules.find((one) => one.group === alert.group && one.name === alert.rule)}
          now={now}
        />
      )}
      {!alert && rule && <RuleDetail rule={rule} now={now} />}
    </Side>
  )
}

interface AlertDetailProps {
  alert: ActiveAlert
  rule: RuleView | undefined
  now: number
}

function AlertDetail({ alert, rule, now }: AlertDetailProps) {
  const { summary: _summary, ...texts } = alert.annotations
  const groups = useAlertGroups().data?.groups.filter(({ alerts }) =>
    alerts.some(({ fingerprint, ends_at }) => fingerprint === alert.fingerprint && ends_at === null),
  )
  return (
    <div className="request">
      <header className="request-head">
        <h2>{alert.labels.alertname ?? alert.rule}</h2>
        <Status level={stateLevels[alert.state] ?? 'unknown'} word={alert.state} />
        <LinksOf labels={alert.labels} />
        <SilenceLink labels={alert.labels} button />
      </header>
      <p className="wrap">{summaryOf(alert)}</p>
      <dl className="facts">
        <Fact name="Value" value={formatValue(alert.value, alert.unit)} title={exactly(alert.value) ?? 'unknown'} />
        <Fact name="Fires" value={thresholdOf(alert)} />
        <Fact name="Holds since" value={formatAgo(alert.active_at, now)} title={formatIso(alert.active_at)} />
        {alert.firing_since !== null && (
          <Fact name="Fires since" value={formatAgo(alert.firing_since, now)} title={formatIso(alert.firing_since)} />
        )}
      </dl>
      {alert.keep_firing_since !== null && (
        <p className="dim">
          Its condition ceased to hold {formatAgo(alert.keep_firing_since, now)}; keep_firing_for keeps it firing.
        </p>
      )}
      <GroupsOf groups={groups ?? []} fingerprint={alert.fingerprint} now={now} />
      <Fields title="Labels" fields={alert.labels} none="It has none." />
      <Fields title="Annotations" fields={texts} none="Its rule says no more." />
      {rule && <RuleQuery rule={rule} />}
    </div>
  )
}

function RuleDetail({ rule, now }: { rule: RuleView; now: number }) {
  const [level, word] = healthWords[rule.health]
  return (
    <div className="request">
      <header className="request-head">
        <h2>{rule.name}</h2>
        <Status level={stateLevels[rule.state] ?? 'unknown'} word={rule.state} />
        <span className="dim">{`${rule.group} in ${rule.file}`}</span>
        <Link
          to="/alerts/rule"
          search={({ view: _view, ...rest }: Partial<Search>) => ({ ...rest, row: ruleKey(rule) })}
          className="panel-link"
        >
          Edit as a copy
        </Link>
      </header>
      {rule.last_error !== '' && <p className="request-error wrap">{rule.last_error}</p>}
      <dl className="facts">
        <Fact name="Fires" value={thresholdOf(rule)} />
        <Fact name="Over" value={formatMs(rule.window_ms)} title="How far back an evaluation looks" />
        <Fact name="For" value={rule.for_ms === 0 ? 'at once' : formatMs(rule.for_ms)} />
        {rule.keep_firing_for_ms > 0 && <Fact name="Keeps firing" value={formatMs(rule.keep_firing_for_ms)} />}
        <Fact name="Every" value={formatMs(rule.interval_ms)} />
        <Fact name="Firing" value={rule.firing} />
        <Fact name="Pending" value={rule.pending} />
      </dl>
      <SideSection title="Last evaluations">
        <p>
          <Status level={level} word={word} />{' '}
          <span title={formatIso(rule.last_evaluation_at)}>
            {rule.last_evaluation_at !== null &&
              `${formatAgo(rule.last_evaluation_at, now)}, ${formatMs(rule.duration_ms)}`}
          </span>
        </p>
        <RuleEvaluations rule={rule} />
      </SideSection>
      <RuleQuery rule={rule} />
      <Fields title="Labels" fields={rule.labels} none="It puts none on its alerts." />
      <Fields title="Annotations" fields={rule.annotations} none="It says nothing to those who are told." />
    </div>
  )
}

/** What the last evaluation asked. */
function RuleQuery({ rule }: { rule: RuleView }) {
  if (rule.sql === null) return null
  const search = ruleSearch(rule.sql, rule.params)
  return (
    <SideSection title="Query">
      <Snippet label="SQL of the last evaluation" text={rule.sql} />
      {rule.params !== null && <Snippet label="Parameters" text={rule.params} />}
      {search && (
        <p>
          <Link to="/sql" search={search} className="panel-link">
            Open on the SQL page
          </Link>
        </p>
      )}
    </SideSection>
  )
}
