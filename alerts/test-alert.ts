/** A notification on demand, to see whether a receiver's channels work. */
import type { Courier } from './courier.ts'
import type { Channel } from './channel.ts'
import { groupKey, toldOf, type AlertGroup, type GroupedAlert } from './group.ts'
import { fingerprint } from './labels.ts'

export interface TestOutcome {
  channel: string
  ok: boolean
  /** Without secrets; empty when ok. */
  error: string
}

/** Fires and resolves, so that no incident stays open. Throws RangeError on a receiver that is not configured. */
export async function tellTestAlert(courier: Courier, receiver: string, now: number): Promise<TestOutcome[]> {
  const channels = courier.channels().filter((channel) => channel.receiver === receiver)
  if (channels.length === 0) throw new RangeError(`no receiver "${receiver}"`)
  return Promise.all(channels.map((channel) => tell(courier, channel, now)))
}

async function tell(courier: Courier, channel: Channel, now: number): Promise<TestOutcome> {
  const labels = { alertname: 'InferwatchTest', receiver: channel.receiver }
  const alert: GroupedAlert = {
    fingerprint: fingerprint(labels),
    labels,
    annotations: { summary: `A test notification to ${channel.receiver}; nothing is wrong` },
    value: null,
    starts_at: now,
    ends_at: null,
  }
  const { receiver } = channel
  const group: AlertGroup = { receiver, key: groupKey(labels), labels, next_flush_at: now, alerts: {}, channels: {} }
  const fired = await courier.test(channel, group, { told: null, outbox: null }, alert)
  if (fired.outcome !== 'sent') return { channel: channel.id, ok: false, error: fired.error }
  const over = { ...alert, ends_at: now }
  const told = { told: toldOf([alert], now), outbox: null, memory: fired.memory }
  const resolved = await courier.test(channel, group, told, over)
  return { channel: channel.id, ok: resolved.outcome === 'sent', error: resolved.error }
}
