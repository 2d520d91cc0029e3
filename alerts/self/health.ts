/** What the alerts know of their own health. */
import type { ChannelStatus, RuleStatus } from '../status.ts'
import type { Reading } from './reading.ts'

/** `now` in epoch milliseconds. */
export function alertReadings(
  rules: readonly RuleStatus[],
  channels: readonly ChannelStatus[],
  now: number,
): Reading[] {
  const failing = rules.filter(({ health }) => health === 'err')
  const late = rules.flatMap(({ last_evaluation_at: at, interval_ms }) => (at === null ? [] : [now - at - interval_ms]))
  return [
    { measure: 'failing_rules', labels: {}, details: failureOf(failing), value: failing.length },
    ...(late.length > 0 ? [{ measure: 'late_evaluations' as const, labels: {}, value: Math.max(0, ...late) }] : []),
    ...channels.flatMap((channel) => channelReadings(channel, now)),
  ]
}

const mostNames = 5

function failureOf(failing: readonly RuleStatus[]): Reading['details'] & object {
  const names = failing.slice(0, mostNames).map(({ name }) => name)
  const more = failing.length - names.length
  return {
    rules: [...names, ...(more > 0 ? [`${more} more`] : [])].join(', '),
    error: failing[0]?.last_error ?? '',
  }
}

function channelReadings(status: ChannelStatus, now: number): Reading[] {
  const { receiver, channel, queued, waiting_since, healthy, failures, last_error } = status
  const labels = { receiver, channel }
  const details = { error: healthy ? '' : last_error }
  return [
    { measure: 'failed_deliveries', labels, details, value: failures },
    { measure: 'waiting_notifications', labels, details, value: queued },
    { measure: 'oldest_notification', labels, details, value: waiting_since === null ? 0 : now - waiting_since },
  ]
}
