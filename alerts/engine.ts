/** Evaluates the rule groups on their intervals and keeps their state. */
import type { Logger } from 'pino'
import type { AlertEvent } from '../records/alert-event.ts'
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import type { AlertStateRow } from '../storage/queries/alert-state.ts'
import { traced } from '../storage/traced.ts'
import { ask, questionAt } from './ask.ts'
import type { Clock } from './clock.ts'
import { applySamples, ended, type Evaluation, type Instance, type Transition } from './instance.ts'
import type { Rule, RuleGroup } from './rule.ts'
import type { RowWriter } from './row-writer.ts'
import { afterDowntime } from './state.ts'
import type { Telemetry } from './telemetry.ts'

/** How a rule fared last. Times are epoch milliseconds. */
export interface RuleHealth {
  health: 'unknown' | 'ok' | 'err'
  last_error: string
  last_evaluation_at: number | null
  duration_ms: number | null
  question: Question | null
}

interface RuleState extends RuleHealth {
  rule: Rule
  active: Map<string, Instance>
}

export interface EngineOptions {
  reader: Db
  clock: Clock
  log: Logger
  writer: RowWriter
  telemetry: Telemetry
  /** Resolves once what the last process left was restored; an evaluation fails while it rejects. */
  ready: () => Promise<void>
  /** Every firing alert after each evaluation of its group, and every one that ceased to fire. */
  onAlerts: (firing: Instance[], ceased: Instance[]) => void
}

export const unknownHealth: Readonly<RuleHealth> = {
  health: 'unknown',
  last_error: '',
  last_evaluation_at: null,
  duration_ms: null,
  question: null,
}

export class Engine {
  readonly #options: EngineOptions
  readonly #stopped = new AbortController()
  readonly #loops = new Map<string, () => void>()
  readonly #running = new Set<Promise<void>>()
  #groups: RuleGroup[] = []
  #rules = new Map<string, RuleState>()
  /** What the last process left, until the first evaluation of its rule. */
  #restored = new Map<string, Instance[]>()

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** Starts evaluating these groups, or goes on with them: state is kept by group, rule and labels. */
  load(groups: RuleGroup[]): void {
    const before = this.#rules
    this.#groups = groups
    this.#rules = new Map()
    for (const rule of groups.flatMap((group) => group.rules)) {
      const kept = before.get(keyOf(rule.group, rule.id))
      this.#rules.set(keyOf(rule.group, rule.id), { ...(kept ?? { ...unknownHealth, active: new Map() }), rule })
    }
    const gone = [...before].filter(([key]) => !this.#rules.has(key))
    this.#endAll(gone.flatMap(([, state]) => Array.from(state.active.values())))
    for (const cancel of this.#loops.values()) cancel()
    this.#loops.clear()
    for (const group of groups) this.#schedule(group, this.#options.clock.now())
  }

  /** Takes over what the last process left: firing alerts go on firing until an evaluation says otherwise. */
  restore(rows: AlertStateRow[]): void {
    const instances = rows.map(toInstance)
    this.#restored = Map.groupBy(instances, (instance) => keyOf(instance.group, instance.rule_id))
    for (const [key, state] of this.#rules)
      for (const instance of this.#restored.get(key) ?? []) state.active.set(instance.fingerprint, instance)
    this.#endAll(instances.filter(({ group, rule_id }) => !this.#rules.has(keyOf(group, rule_id))))
    this.#options.onAlerts(
      this.active().filter((instance) => instance.state === 'firing'),
      [],
    )
  }

  active(): Instance[] {
    return [...this.#rules.values()].flatMap(({ active }) => Array.from(active.values()))
  }

  rules(): { rule: Rule; group: RuleGroup | undefined; active: Instance[]; status: RuleHealth }[] {
    return [...this.#rules.values()].map(({ rule, active, ...status }) => ({
      rule,
      group: this.#groups.find((group) => group.name === rule.group),
      active: [...active.values()],
      status,
    }))
  }

  /** Ends the loops and the queries that run, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    for (const cancel of this.#loops.values()) cancel()
    await Promise.all(this.#running)
  }

  /** The next evaluation stands on the interval's grid after `from`; grid points that went by are counted. */
  #schedule(group: RuleGroup, from: number): void {
    if (this.#stopped.signal.aborted || !this.#groups.includes(group)) return
    const { clock, telemetry } = this.#options
    const expected = (Math.floor(from / group.interval_ms) + 1) * group.interval_ms
    const due = (Math.floor(clock.now() / group.interval_ms) + 1) * group.interval_ms
    const missed = Math.max(0, (due - expected) / group.interval_ms)
    if (missed > 0) telemetry.missedTicks.add(missed, { group: group.name })
    const cancel = clock.after(due - clock.now(), async () => {
      const evaluation = traced('evaluate alert rules', { 'inferwatch.rule_group': group.name }, () =>
        this.#evaluateGroup(group, due),
      )
      this.#running.add(evaluation)
      await evaluation
      this.#running.delete(evaluation)
      this.#schedule(group, due)
    })
    this.#loops.set(group.name, cancel)
  }

  async #evaluateGroup(group: RuleGroup, at: number): Promise<void> {
    const started = performance.now()
    const transitions: Transition[] = []
    const touched: Instance[] = []
    for (const rule of group.rules) {
      if (this.#stopped.signal.aborted) return
      const evaluation = await this.#evaluateRule(rule, group, at)
      if (!evaluation) continue
      transitions.push(...evaluation.transitions)
      touched.push(...evaluation.active.values(), ...evaluation.resolved)
    }
    this.#options.telemetry.evaluationSeconds.record((performance.now() - started) / 1000, { group: group.name })
    this.#publish(touched, transitions)
    await this.#options.writer.flush()
  }

  /** Null when it failed: state is unchanged then. */
  async #evaluateRule(rule: Rule, group: RuleGroup, at: number): Promise<Evaluation | null> {
    const { reader, log, telemetry } = this.#options
    const question = questionAt(rule, at, group.query_offset_ms)
    const labels = { group: group.name }
    const started = performance.now()
    let evaluation: Evaluation | null = null
    let failure = ''
    telemetry.evaluations.add(1, labels)
    try {
      await this.#options.ready()
      const samples = await ask(reader, rule, question, this.#stopped.signal)
      evaluation = applySamples(rule, this.#previous(rule, group, at), samples, at)
    } catch (error) {
      // Stopping ends queries; that is no failure of the rule.
      if (this.#stopped.signal.aborted) return null
      failure = error instanceof Error ? error.message : String(error)
      telemetry.evaluationFailures.add(1, labels)
    }
    const state = this.#rules.get(keyOf(rule.group, rule.id))
    // A reload took the rule away or changed it meanwhile.
    if (state?.rule !== rule) return null
    if (failure !== '' && failure !== state.last_error)
      log.warn(
        { rule: rule.name, group: group.name, error: failure },
        'alert rule cannot be evaluated; its state is kept',
      )
    if (failure === '' && state.health === 'err')
      log.info({ rule: rule.name, group: group.name }, 'alert rule works again')
    state.health = failure === '' ? 'ok' : 'err'
    state.last_error = failure
    state.last_evaluation_at = at
    state.duration_ms = performance.now() - started
    state.question = question
    if (evaluation) state.active = evaluation.active
    return evaluation
  }

  /** The rule's instances; those restored from the last process are adjusted for the time in between, once. */
  #previous(rule: Rule, group: RuleGroup, at: number): Map<string, Instance> {
    const key = keyOf(rule.group, rule.id)
    const active = this.#rules.get(key)?.active ?? new Map<string, Instance>()
    for (const instance of this.#restored.get(key) ?? []) {
      const state = afterDowntime(instance, instance.evaluated_at, at, 2 * group.interval_ms)
      if (state) active.set(instance.fingerprint, { ...instance, ...state })
      else active.delete(instance.fingerprint)
    }
    this.#restored.delete(key)
    return active
  }

  #endAll(instances: Instance[]): void {
    const now = this.#options.clock.now()
    this.#publish(
      [],
      instances.map((instance) => endedTransition(instance, now)),
    )
  }

  #publish(touched: Instance[], transitions: Transition[]): void {
    const { writer, onAlerts } = this.#options
    for (const transition of transitions) writer.put('alert_events', alertEvent(transition))
    const ceased = transitions.filter(({ from, to }) => from === 'firing' && to !== 'firing')
    const changed = new Map<string, Instance>(
      [...touched, ...transitions.map(({ instance }) => instance)].map((instance) => [stateKey(instance), instance]),
    )
    for (const [key, instance] of changed) writer.put('alert_state', stateRow(instance, writer.nextVersion()), key)
    onAlerts(
      touched.filter((instance) => instance.state === 'firing'),
      ceased.map(({ instance }) => instance),
    )
  }
}

const keyOf = (group: string, ruleId: string) => JSON.stringify([group, ruleId])
const stateKey = ({ group, rule_id, fingerprint }: Instance) => JSON.stringify([group, rule_id, fingerprint])

export function toInstance(row: AlertStateRow): Instance {
  const { rule: rule_id, ...rest } = row
  return { ...rest, rule_id, resolved_at: null }
}

const dateOrNull = (epochMs: number | null) => (epochMs === null ? null : new Date(epochMs))

export function stateRow(instance: Instance, version: number): object {
  const { rule_id, active_at, firing_since, keep_firing_since, resolved_at, evaluated_at, ...rest } = instance
  return {
    ...rest,
    rule: rule_id,
    active_at: new Date(active_at),
    firing_since: dateOrNull(firing_since),
    keep_firing_since: dateOrNull(keep_firing_since),
    resolved_at: dateOrNull(resolved_at),
    evaluated_at: new Date(evaluated_at),
    version,
  }
}

/** An alert whose rule is gone. */
export function endedTransition(instance: Instance, now: number): Transition {
  return { from: instance.state, to: 'inactive', instance: ended(instance, now) }
}

export function alertEvent({ from, to, instance }: Transition): AlertEvent {
  return {
    timestamp: instance.evaluated_at * 1000,
    fingerprint: instance.fingerprint,
    rule: instance.rule_id,
    group: instance.group,
    state: to,
    previous_state: from,
    labels: new Map(Object.entries(instance.labels)),
    annotations: new Map(Object.entries(instance.annotations)),
    value: instance.value,
  }
}
