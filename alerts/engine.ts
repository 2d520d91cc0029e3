/** Evaluates the rule groups on their intervals and keeps their state. */
import type { Logger } from 'pino'
import type { AlertEvent } from '../records/alert-event.ts'
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import type { AlertStateRow } from '../storage/queries/alert-state.ts'
import { traced } from '../storage/traced.ts'
import type { Clock } from './clock.ts'
import { evaluateGroup, type RuleOutcome } from './evaluate.ts'
import { remember, type EvaluationRecord } from './evaluation-record.ts'
import { nextPoint } from './grid.ts'
import { ended, shiftAll, shiftTimes, type Evaluation, type Instance, type Transition } from './instance.ts'
import type { Rule, RuleGroup } from './rule.ts'
import type { RowWriter } from './row-writer.ts'
import { afterDowntime } from './state.ts'
import { progressLastsMs, StoredProgress } from './stored-progress.ts'
import { StoredState } from './stored-state.ts'
import type { Telemetry } from './telemetry.ts'

/** How a rule fared last. Times are epoch milliseconds. */
export interface RuleHealth {
  health: 'unknown' | 'ok' | 'err'
  last_error: string
  last_evaluation_at: number | null
  duration_ms: number | null
  question: Question | null
  /** The last ones, newest last. */
  evaluations: EvaluationRecord[]
}

interface RuleState extends RuleHealth {
  rule: Rule
  active: Map<string, Instance>
}

/** How far a group has come since the process began. */
export interface GroupProgress {
  /** The last moment that was evaluated, epoch ms. */
  evaluated_at: number
  /** Evaluations that were not made in time. */
  missed_ticks: number
  /** Those among them that were made later, from stored data. */
  caught_up: number
}

export interface EngineOptions {
  reader: Db
  clock: Clock
  log: Logger
  writer: RowWriter
  telemetry: Telemetry
  /** Resolves once what the last process left was restored; an evaluation fails while it rejects. */
  ready: () => Promise<void>
  /** Whether this process may act; asked again after each evaluation, which may have taken long. */
  leads: () => boolean
  /** Whether another process may take over. */
  shared: boolean
  /** Every firing alert after each evaluation of its group, and every one that ceased to fire. */
  onAlerts: (firing: Instance[], ceased: Instance[]) => void
}

/** Evaluations don't wait longer for a database that is slow to take what came of them. */
const longestWriteMs = 10_000

export const unknownHealth: Readonly<RuleHealth> = {
  health: 'unknown',
  last_error: '',
  last_evaluation_at: null,
  duration_ms: null,
  question: null,
  evaluations: [],
}

export class Engine {
  readonly #options: EngineOptions
  readonly #stopped = new AbortController()
  readonly #loops = new Map<string, () => void>()
  readonly #running = new Set<Promise<void>>()
  readonly #progress = new Map<string, GroupProgress>()
  #begun = false
  #groups: RuleGroup[] = []
  #rules = new Map<string, RuleState>()
  /** What the last process left, until the first evaluation of its rule. */
  #restored = new Map<string, Instance[]>()
  readonly #stored = new StoredState()
  readonly #storedProgress: StoredProgress

  constructor(options: EngineOptions) {
    this.#options = options
    this.#storedProgress = new StoredProgress(options.shared ? 0 : progressLastsMs)
  }

  /** Takes over these groups: state is kept by group, rule and labels. */
  load(groups: RuleGroup[]): void {
    const before = this.#rules
    this.#groups = groups
    this.#rules = new Map()
    for (const rule of groups.flatMap((group) => group.rules)) {
      const kept = before.get(keyOf(rule.group, rule.id))
      this.#rules.set(keyOf(rule.group, rule.id), { ...(kept ?? { ...unknownHealth, active: new Map() }), rule })
    }
    const gone = [...before].filter(([key]) => !this.#rules.has(key))
    if (this.#begun) this.#endAll(gone.flatMap(([, state]) => Array.from(state.active.values())))
    for (const name of this.#progress.keys())
      if (!groups.some((group) => group.name === name)) this.#progress.delete(name)
    for (const cancel of this.#loops.values()) cancel()
    this.#loops.clear()
    if (this.#begun) for (const group of groups) this.#schedule(group)
  }

  /** Starts evaluating. */
  begin(): void {
    this.#begun = true
    for (const group of this.#groups) this.#schedule(group)
  }

  /**
   * The clock was set by that much. Set back, evaluations go on from now, and what has held so long has held as long; one that is under
   * way counts for nothing. Set forward, the moments between were missed.
   */
  stepped(byMs: number): void {
    for (const state of this.#rules.values()) if (state.last_evaluation_at !== null) state.last_evaluation_at += byMs
    if (byMs > 0) return
    for (const state of this.#rules.values()) state.active = shiftAll(state.active, byMs)
    for (const [key, instances] of this.#restored)
      this.#restored.set(
        key,
        instances.map((instance) => shiftTimes(instance, byMs)),
      )
    for (const progress of this.#progress.values()) progress.evaluated_at += byMs
    this.load(this.#groups.map((group) => ({ ...group })))
  }

  /**
   * Takes over what the last process left: firing alerts go on firing until an evaluation says otherwise, and evaluations go on
   * after the last moment that each group was evaluated for.
   */
  restore(rows: AlertStateRow[], evaluatedAt: ReadonlyMap<string, number>): void {
    const instances = this.mirror(rows)
    this.#restored = Map.groupBy(instances, (instance) => keyOf(instance.group, instance.rule_id))
    for (const { name } of this.#groups) {
      const progress = this.#progressOf(name)
      progress.evaluated_at = Math.min(progress.evaluated_at, evaluatedAt.get(name) ?? Infinity)
    }
    this.#endAll(instances.filter(({ group, rule_id }) => !this.#rules.has(keyOf(group, rule_id))))
    this.#options.onAlerts(
      this.active().filter((instance) => instance.state === 'firing'),
      [],
    )
  }

  /** Shows what another process, which evaluates, has written. */
  mirror(rows: AlertStateRow[]): Instance[] {
    for (const state of this.#rules.values()) state.active.clear()
    const instances = rows.map(toInstance)
    for (const instance of instances)
      this.#rules.get(keyOf(instance.group, instance.rule_id))?.active.set(instance.fingerprint, instance)
    return instances
  }

  active(): Instance[] {
    return [...this.#rules.values()].flatMap(({ active }) => Array.from(active.values()))
  }

  rules(): {
    rule: Rule
    group: RuleGroup | undefined
    active: Instance[]
    status: RuleHealth
    progress: GroupProgress
  }[] {
    return [...this.#rules.values()].map(({ rule, active, ...status }) => ({
      rule,
      group: this.#groups.find((group) => group.name === rule.group),
      active: [...active.values()],
      status,
      progress: this.#progressOf(rule.group),
    }))
  }

  /** Up to when a group was evaluated, or when it began, epoch ms. */
  evaluatedAt(group: string): number {
    return this.#progressOf(group).evaluated_at
  }

  /** Ends the loops and the queries that run, waits for what is under way, and has the last values written. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    for (const cancel of this.#loops.values()) cancel()
    await Promise.all(this.#running)
    if (!this.#begun || !this.#options.leads()) return
    for (const instance of this.active()) this.#store(stateKey(instance), instance, 0)
    for (const [group, { evaluated_at }] of this.#progress)
      if (this.#storedProgress.lacks(group, evaluated_at)) this.#putProgress('alert_progress', group, evaluated_at)
  }

  /** A group that nothing is known of begins now. */
  #progressOf(group: string): GroupProgress {
    const known = this.#progress.get(group)
    if (known) return known
    const fresh = { evaluated_at: this.#options.clock.now(), missed_ticks: 0, caught_up: 0 }
    this.#progress.set(group, fresh)
    return fresh
  }

  #schedule(group: RuleGroup): void {
    const { clock } = this.#options
    const now = clock.now()
    if (!this.#isCurrent(group)) return
    const { at } = nextPoint(this.#progressOf(group.name).evaluated_at, now, group.interval_ms)
    const cancel = clock.after(at - now, async () => {
      const run = traced('evaluate alert rules', { 'inferwatch.rule_group': group.name }, () =>
        // A point of the past was missed.
        this.#run(group, at > now ? at : null),
      )
      this.#running.add(run)
      await run
      this.#running.delete(run)
      this.#schedule(group)
    })
    this.#loops.set(group.name, cancel)
  }

  #isCurrent(group: RuleGroup): boolean {
    return !this.#stopped.signal.aborted && this.#groups.includes(group)
  }

  /**
   * Evaluates the point that is due and those that were missed, oldest first. What comes of them is told once, at the end, so that
   * what has resolved again by then wakes nobody.
   */
  async #run(group: RuleGroup, due: number | null): Promise<void> {
    const { clock, leads } = this.#options
    if (!(await this.#isReady(group))) return
    const evaluations: Evaluation[] = []
    const progress = this.#progressOf(group.name)
    const before = progress.evaluated_at
    let fallingBehind = false
    while (this.#isCurrent(group) && leads()) {
      const begun = clock.now()
      const { at, skipped } = nextPoint(progress.evaluated_at, begun, group.interval_ms, fallingBehind)
      if (at > begun) break
      const missed = at !== due
      this.#countMissed(group, progress, skipped, missed)
      const outcomes = await this.#evaluate(group, at, missed ? before : null)
      if (!this.#isCurrent(group)) break
      evaluations.push(...outcomes.flatMap((outcome) => this.#apply(outcome) ?? []))
      progress.evaluated_at = at
      fallingBehind = missed && clock.now() - begun >= group.interval_ms
    }
    if (!leads()) return
    this.#publish(group, evaluations, before, progress.evaluated_at)
    await this.#options.writer.flushWithin(Math.min(longestWriteMs, group.interval_ms))
  }

  /** While the state of the last process can't be read, nothing can be said of any rule. */
  async #isReady(group: RuleGroup): Promise<boolean> {
    const { ready, clock } = this.#options
    try {
      await ready()
      return true
    } catch (error) {
      const at = Math.floor(clock.now() / group.interval_ms) * group.interval_ms
      const record = { at, outcome: 'error', instances: 0, value: null, duration_ms: 0, shared_with: 0 } as const
      const message = error instanceof Error ? error.message : String(error)
      for (const rule of group.rules) {
        this.#count(group, true)
        this.#note(rule, null, { ...record, error: message, caught_up: false })
      }
      this.#progressOf(group.name).evaluated_at = at
      return false
    }
  }

  async #evaluate(group: RuleGroup, at: number, missed_since: number | null): Promise<RuleOutcome[]> {
    const started = performance.now()
    const outcomes = await evaluateGroup(group, at, {
      reader: this.#options.reader,
      signal: this.#stopped.signal,
      missed_since,
      previous: (rule) => this.#previous(rule, group, at),
    })
    const seconds = (performance.now() - started) / 1000
    this.#options.telemetry.evaluationSeconds.record(seconds, { group: group.name })
    return outcomes
  }

  /** Null when the rule's state is unchanged. */
  #apply({ rule, question, record, evaluation }: RuleOutcome): Evaluation | null {
    const key = keyOf(rule.group, rule.id)
    const state = this.#rules.get(key)
    // A reload took the rule away or changed it meanwhile.
    if (state?.rule !== rule) return null
    this.#count({ name: rule.group }, record.outcome === 'error')
    this.#note(rule, question, record)
    if (!evaluation) return null
    state.active = evaluation.active
    this.#restored.delete(key)
    return evaluation
  }

  #count({ name }: Pick<RuleGroup, 'name'>, failed: boolean): void {
    const { telemetry } = this.#options
    telemetry.evaluations.add(1, { group: name })
    if (failed) telemetry.evaluationFailures.add(1, { group: name })
  }

  #countMissed({ name }: RuleGroup, progress: GroupProgress, skipped: number, missed: boolean): void {
    const { telemetry } = this.#options
    const all = skipped + (missed ? 1 : 0)
    if (all === 0) return
    progress.missed_ticks += all
    telemetry.missedTicks.add(all, { group: name })
    if (!missed) return
    progress.caught_up += 1
    telemetry.caughtUp.add(1, { group: name })
  }

  /** Remembers how an evaluation went; logs when that changes. */
  #note(rule: Rule, question: Question | null, record: EvaluationRecord): void {
    const { log } = this.#options
    const state = this.#rules.get(keyOf(rule.group, rule.id))
    if (!state) return
    const { error } = record
    const names = { rule: rule.name, group: rule.group }
    if (error !== '' && error !== state.last_error)
      log.warn({ ...names, error }, 'alert rule cannot be evaluated; its state is kept')
    if (error === '' && state.health === 'err') log.info(names, 'alert rule works again')
    state.health = error === '' ? 'ok' : 'err'
    state.last_error = error
    state.last_evaluation_at = record.at
    state.duration_ms = record.duration_ms
    state.question = question ?? state.question
    state.evaluations = remember(state.evaluations, record)
  }

  /** The rule's instances; those restored from the last process are adjusted for time that no stored data tells of. */
  #previous(rule: Rule, group: RuleGroup, at: number): ReadonlyMap<string, Instance> {
    const key = keyOf(rule.group, rule.id)
    const known = this.#rules.get(key)?.active ?? new Map<string, Instance>()
    const restored = this.#restored.get(key)
    if (!restored) return known
    const active = new Map(known)
    for (const instance of restored) {
      const state = afterDowntime(instance, instance.evaluated_at, at, 2 * group.interval_ms)
      if (state) active.set(instance.fingerprint, { ...instance, ...state })
      else active.delete(instance.fingerprint)
    }
    return active
  }

  #endAll(instances: Instance[]): void {
    const now = this.#options.clock.now()
    this.#write(
      [],
      instances.map((instance) => endedTransition(instance, now)),
    )
    this.#options.onAlerts(
      [],
      instances.filter(({ state }) => state === 'firing').map((instance) => ended(instance, now)),
    )
  }

  /** Evaluations of one group, oldest first. */
  #publish(group: RuleGroup, evaluations: readonly Evaluation[], before: number, evaluatedAt: number): void {
    const { onAlerts } = this.#options
    const written = evaluations.map(({ active, resolved, transitions }) =>
      this.#write([...active.values(), ...resolved], transitions, (instance) => this.#isLoaded(instance)),
    )
    const progress = this.#storedProgress.takes(group.name, before, evaluatedAt, written.includes(true))
    this.#putProgress('progress_before', group.name, progress.before)
    this.#putProgress('alert_progress', group.name, progress.after)
    const firing = group.rules
      .flatMap((rule) => [...(this.#rules.get(keyOf(rule.group, rule.id))?.active.values() ?? [])])
      .filter(({ state }) => state === 'firing')
    const ceased = evaluations
      .flatMap(({ transitions }) => transitions)
      .filter(({ from, instance }) => from === 'firing' && !this.#isFiring(instance))
      .map(({ instance }) => instance)
    onAlerts(firing, ceased)
  }

  #isFiring({ group, rule_id, fingerprint }: Instance): boolean {
    return this.#rules.get(keyOf(group, rule_id))?.active.get(fingerprint)?.state === 'firing'
  }

  /** A reload that took the rule away in the middle of catching up has ended its alerts: what was found before must not revive them. */
  #isLoaded({ group, rule_id }: Instance): boolean {
    return this.#rules.has(keyOf(group, rule_id))
  }

  /** Whether there was anything to write. */
  #write(
    touched: readonly Instance[],
    transitions: readonly Transition[],
    stands: (instance: Instance) => boolean = () => true,
  ): boolean {
    const { writer } = this.#options
    if (touched.length === 0 && transitions.length === 0) return false
    for (const transition of transitions) writer.put('alert_events', alertEvent(transition))
    const changed = new Map<string, Instance>(
      [...touched, ...transitions.map(({ instance }) => instance)].map((instance) => [stateKey(instance), instance]),
    )
    const stored = [...changed].map(([key, instance]) => stands(instance) && this.#store(key, instance))
    return transitions.length > 0 || stored.includes(true)
  }

  #store(key: string, instance: Instance, valuesLastMs?: number): boolean {
    const { writer } = this.#options
    const takes = this.#stored.takes(key, instance, valuesLastMs)
    if (takes) writer.put('alert_state', stateRow(instance, writer.nextVersion()), key)
    return takes
  }

  #putProgress(kind: 'progress_before' | 'alert_progress', group: string, at: number | null): void {
    const { writer } = this.#options
    if (at === null) return
    writer.put(kind, { group, evaluated_at: new Date(at), version: writer.nextVersion() }, group)
  }
}

/** Every rule is looked up several times at each evaluation: the length tells two names apart for less than quotes do. */
const keyOf = (group: string, ruleId: string) => `${group.length} ${group} ${ruleId}`
const stateKey = ({ group, rule_id, fingerprint }: Instance) => `${fingerprint} ${keyOf(group, rule_id)}`

export function toInstance(row: AlertStateRow): Instance {
  const { rule: rule_id, ...rest } = row
  return { ...rest, rule_id, resolved_at: null }
}

const dateOrNull = (epochMs: number | null) => (epochMs === null ? null : new Date(epochMs))

export function stateRow(instance: Instance, version: number): object {
  const { rule_id, active_at, firing_since, keep_firing_since, resolved_at, reason_since, evaluated_at, ...rest } =
    instance
  return {
    ...rest,
    rule: rule_id,
    active_at: new Date(active_at),
    firing_since: dateOrNull(firing_since),
    keep_firing_since: dateOrNull(keep_firing_since),
    resolved_at: dateOrNull(resolved_at),
    reason_since: dateOrNull(reason_since),
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
    reason: instance.reason,
  }
}
