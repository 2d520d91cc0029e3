/** A change of state of one alert instance; table `alert_events`. */
import type { EpochMicros } from './span.ts'

export const alertStates = ['inactive', 'pending', 'firing'] as const
export type AlertState = (typeof alertStates)[number]

/** Why an alert is active that no value made so; empty when its values are why. */
export type AlertReason = '' | 'no_data' | 'error'

export interface AlertEvent {
  timestamp: EpochMicros
  /** 16 hex digits: FNV-1a 64 over the sorted labels, Alertmanager's fingerprint. */
  fingerprint: string
  rule: string
  group: string
  state: AlertState
  previous_state: AlertState
  labels: Map<string, string>
  annotations: Map<string, string>
  value: number | null
  reason: AlertReason
}
