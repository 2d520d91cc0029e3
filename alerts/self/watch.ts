/**
 * Evaluates the rules about our own health. Beside the engine and without storage, so that they still fire and are told when that is
 * away; with the same states, groups and receivers.
 */
import type { Logger } from 'pino'
import type { AlertStateRow } from '../../storage/queries/alert-state.ts'
import type { Clock } from '../clock.ts'
import {
  alertEvent,
  endedTransition,
  stateRow,
  toInstance,
  unknownHealth,
  type Engine,
  type RuleHealth,
} from '../engine.ts'
import {
  applySamples,
  shiftAll,
  EvaluationError,
  type Evaluation,
  type Instance,
  type Sample,
  type Transition,
} from '../instance.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import type { RowWriter } from '../row-writer.ts'
import { afterDowntime } from '../state.ts'
import type { Telemetry } from '../telemetry.ts'
import { ReadingHistory, type Reading } from './reading.ts'

export interface SelfWatchOptions {
  clock: Clock
  log: Logger
  writer: RowWriter
  telemetry: Telemetry
  /** Told apart from other processes by it: the label `host` of every alert. */
  host: string
  health: () => Promise<Reading[]>
  /** When the process began, epoch ms. */
  since: number
  /** Every firing alert after each evaluation of its group, and every one that ceased to fire. */
  onAlerts: (firing: Instance[], ceased: Instance[]) => void
}

interface Watched {
  rule: Rule
  active: Map<string, Instance>
  status: RuleHealth
}

export class SelfWatch {
  readonly #options: SelfWatchOptions
  readonly #history: ReadingHistory
  readonly #running = new Set<Promise<void>>()
  #cancels = new Map<RuleGroup, () => void>()
  #rules = new Map<string, Watched>()
  /** Before its first evaluation, epoch ms. */
  #begunAt: number | null = null
  #stopping = false

  constructor(options: SelfWatchOptions) {
    this.#options = options
    this.#history = new ReadingHistory(options.since)
  }

  /** Starts evaluating the rules about ourselves in these groups; state is kept by group, rule and labels. */
  load(groups: readonly RuleGroup[]): void {
    const now = this.#options.clock.now()
    this.#begunAt ??= now
    const before = this.#rules
    const own = groups.map((group) => ({ ...group, rules: group.rules.filter(isOwn) }))
    this.#rules = new Map()
    for (const rule of own.flatMap(({ rules }) => rules)) {
      const kept = before.get(keyOf(rule.group, rule.id)) ?? { active: new Map(), status: { ...unknownHealth } }
      this.#rules.set(keyOf(rule.group, rule.id), { ...kept, rule })
    }
    const gone = [...before].filter(([key]) => !this.#rules.has(key))
    this.#end(gone.flatMap(([, { active }]) => Array.from(active.values())))
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels = new Map()
    for (const group of own) if (group.rules.length > 0) this.#schedule(group, now)
  }

  /** The clock was set by that much: what has held so long has held as long. */
  stepped(byMs: number): void {
    for (const watched of this.#rules.values()) {
      watched.active = shiftAll(watched.active, byMs)
      if (watched.status.last_evaluation_at !== null) watched.status.last_evaluation_at += byMs
    }
    this.#history.shift(byMs)
    if (this.#begunAt !== null) this.#begunAt += byMs
    this.load([...this.#cancels.keys()])
  }

  /**
   * Takes over what the last process left of its own rules, except where this one knows better by now. What is about another
   * machine ends: nobody watches that from here. Says what it took.
   */
  restore(rows: readonly AlertStateRow[]): AlertStateRow[] {
    const own = rows.filter(({ group, rule }) => this.#rules.has(keyOf(group, rule)))
    const instances = own.map(toInstance)
    const isHere = ({ labels }: Instance) => labels['host'] === this.#options.host
    // What came later it wrote itself, while storage could not be read.
    const isLeft = ({ evaluated_at }: Instance) => evaluated_at <= (this.#begunAt ?? Infinity)
    for (const instance of instances.filter(isHere).filter(isLeft)) this.#takeOver(instance)
    this.#end(instances.filter((instance) => !isHere(instance)))
    this.#options.onAlerts(this.active().filter(isFiring), [])
    return own
  }

  active(): Instance[] {
    return [...this.#rules.values()].flatMap(({ active }) => Array.from(active.values()))
  }

  rules(): ReturnType<Engine['rules']> {
    return [...this.#rules.values()].map(({ rule, active, status }) => ({
      rule,
      group: this.#groupOf(rule),
      active: [...active.values()],
      status,
      progress: { evaluated_at: status.last_evaluation_at ?? 0, missed_ticks: 0, caught_up: 0 },
    }))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const cancel of this.#cancels.values()) cancel()
    await Promise.all(this.#running)
  }

  #takeOver(instance: Instance): void {
    const active = this.#rules.get(keyOf(instance.group, instance.rule_id))?.active
    const interval_ms = this.#groupOf(instance)?.interval_ms ?? 0
    const state = afterDowntime(instance, instance.evaluated_at, this.#options.clock.now(), 2 * interval_ms)
    if (state && !active?.has(instance.fingerprint)) active?.set(instance.fingerprint, { ...instance, ...state })
  }

  #groupOf({ group }: { group: string }): RuleGroup | undefined {
    return [...this.#cancels.keys()].find(({ name }) => name === group)
  }

  #schedule(group: RuleGroup, now: number): void {
    const { clock } = this.#options
    const due = (Math.floor(now / group.interval_ms) + 1) * group.interval_ms
    const cancel = clock.after(due - now, async () => {
      const evaluation = this.#evaluate(group, due)
      this.#running.add(evaluation)
      await evaluation
      this.#running.delete(evaluation)
      const after = clock.now()
      if (!this.#stopping && this.#isCurrent(group)) this.#schedule(group, after)
    })
    this.#cancels.set(group, cancel)
  }

  /** Until a reload takes the group away, or it or a clock that was set puts another in its place. */
  #isCurrent(group: RuleGroup): boolean {
    return this.#cancels.has(group)
  }

  async #evaluate(group: RuleGroup, at: number): Promise<void> {
    const { health, log, telemetry, writer } = this.#options
    const started = performance.now()
    let failure = ''
    try {
      const readings = await health()
      if (!this.#isCurrent(group)) return
      this.#history.add(at, readings, this.#longestWindow())
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      log.error({ err: error }, 'alerts: our own health cannot be read')
    }
    const transitions: Transition[] = []
    const touched: Instance[] = []
    for (const rule of group.rules) {
      const watched = this.#rules.get(keyOf(rule.group, rule.id))
      if (watched?.rule !== rule) continue
      telemetry.evaluations.add(1, { group: group.name })
      const { evaluation, error } = failure === '' ? this.#apply(watched, at) : { evaluation: null, error: failure }
      const duration_ms = performance.now() - started
      Object.assign(watched.status, { last_error: error, last_evaluation_at: at, duration_ms })
      watched.status.health = error === '' ? 'ok' : 'err'
      if (error !== '') telemetry.evaluationFailures.add(1, { group: group.name })
      if (!evaluation) continue
      watched.active = evaluation.active
      transitions.push(...evaluation.transitions)
      touched.push(...evaluation.active.values(), ...evaluation.resolved)
    }
    this.#publish(touched, transitions)
    // Not awaited: storage may be away, which is what some of these rules are about.
    void writer.flush()
  }

  /** A rule whose results can't be told apart keeps its alerts as they were. */
  #apply({ rule, active }: Watched, at: number): { evaluation: Evaluation | null; error: string } {
    const samples = (rule.own?.(this.#history) ?? []).map((sample): Sample => withHost(sample, this.#options.host))
    try {
      return { evaluation: applySamples(rule, active, samples, at), error: '' }
    } catch (error) {
      if (error instanceof EvaluationError) return { evaluation: null, error: error.message }
      throw error
    }
  }

  #longestWindow(): number {
    return Math.max(0, ...[...this.#rules.values()].map(({ rule }) => rule.window_ms))
  }

  #end(instances: readonly Instance[]): void {
    const now = this.#options.clock.now()
    this.#publish(
      [],
      instances.map((instance) => endedTransition(instance, now)),
    )
  }

  #publish(touched: readonly Instance[], transitions: readonly Transition[]): void {
    const { writer, onAlerts } = this.#options
    for (const transition of transitions) writer.put('alert_events', alertEvent(transition))
    for (const instance of new Set([...touched, ...transitions.map((transition) => transition.instance)])) {
      const { group, rule_id, fingerprint } = instance
      const key = JSON.stringify([group, rule_id, fingerprint])
      writer.put('alert_state', stateRow(instance, writer.nextVersion()), key)
    }
    const ceased = transitions.filter(({ from, to }) => from === 'firing' && to !== 'firing')
    onAlerts(
      touched.filter(isFiring),
      ceased.map(({ instance }) => instance),
    )
  }
}

/** Whether a rule is about ourselves. */
export const isOwn = ({ own }: Rule): boolean => own !== undefined

const isFiring = ({ state }: Instance) => state === 'firing'
const keyOf = (group: string, ruleId: string) => JSON.stringify([group, ruleId])
const withHost = (sample: Sample, host: string): Sample => ({ ...sample, labels: { ...sample.labels, host } })
