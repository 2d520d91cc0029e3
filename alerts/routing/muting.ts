/** Why alerts that fire are not told: silences, inhibition, and the time of the day. */
import type { GroupedAlert, MuteReason } from '../group.ts'
import type { NamedTimeInterval, InhibitRuleConfig } from './config.ts'
import { Inhibitor } from './inhibit.ts'
import type { Route } from './route.ts'
import { silencesOf, type Silences } from './silences.ts'
import { compileIntervals, type Holds } from './time-interval.ts'

export class Muting {
  readonly #silences: Silences
  #inhibitor = new Inhibitor([])
  #intervals = new Map<string, Holds>()

  constructor(silences: Silences) {
    this.#silences = silences
  }

  /** Takes over new rules; `firing` are the alerts that may inhibit others now. */
  configure(
    config: { inhibit_rules: readonly InhibitRuleConfig[]; time_intervals: readonly NamedTimeInterval[] },
    firing: Iterable<GroupedAlert>,
  ): void {
    this.#inhibitor = new Inhibitor(config.inhibit_rules)
    this.#intervals = new Map(
      config.time_intervals.map(({ name, time_intervals }) => [name, compileIntervals(time_intervals)]),
    )
    for (const alert of firing) this.note(alert)
  }

  /** An alert fires, or ceased to. */
  note(alert: GroupedAlert): void {
    this.#inhibitor.note(alert)
  }

  /** What holds at `now`, for any number of alerts. `route` is null when the tree has it no more. */
  at(now: number): (alert: GroupedAlert, route: Route | null) => MuteReason[] {
    const active = this.#silences.active(now)
    return ({ labels }, route) => {
      const fingerprint = this.#inhibitor.inhibitedBy(labels)
      return [
        ...silencesOf(active, labels).map((silence_id) => ({ kind: 'silenced', silence_id }) as const),
        ...(fingerprint === null ? [] : [{ kind: 'inhibited', fingerprint } as const]),
        ...(route ? this.#timeReasons(route, now) : []),
      ]
    }
  }

  #timeReasons({ mute_time_intervals: mute, active_time_intervals: active }: Route, now: number): MuteReason[] {
    const holding = (names: readonly string[]) => names.filter((name) => this.#intervals.get(name)?.(now))
    const muted = holding(mute)
    return [
      ...(muted.length > 0 ? [{ kind: 'time_interval', names: muted, within: true } as const] : []),
      ...(active.length > 0 && holding(active).length === 0
        ? [{ kind: 'time_interval', names: active, within: false } as const]
        : []),
    ]
  }
}
