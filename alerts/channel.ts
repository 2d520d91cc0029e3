/** The ways a receiver is told: one channel per entry of its `notify`, and how each of them fares. */
import type { AlertReceiver } from './config.ts'
import { notifiers, type ChannelConfig } from './notify/index.ts'
import type { Notification } from './notify/notification.ts'
import type { Change, Memory, Notifier, Tools } from './notify/notifier.ts'
import { secretsOf } from './notify/post.ts'

/** Times are epoch milliseconds. */
export interface ChannelHealth {
  /** False from a failure until the next success. */
  healthy: boolean
  /** Of the last failure; without secrets. */
  last_error: string
  last_success_at: number | null
  last_attempt_at: number | null
  /** The vendor, or our back-off, wants silence until then. */
  blocked_until: number
  /** Failures in a row. */
  failures: number
}

export interface Channel {
  receiver: string
  /** Stable over restarts and edits of its settings: the type, numbered from the second of a type on. */
  id: string
  type: string
  secrets: readonly string[]
  health: ChannelHealth
  /** Whether it is told the end of what it was told of. */
  sendResolved: boolean
  /** How often a firing alert is told again, in ms; null where the vendor remembers it. */
  resendMs: number | null
  send(notification: Notification, tools: Tools): Promise<Memory | null>
  /** Null where `send` makes HTTP requests, which show it. */
  preview: ((notification: Notification) => Promise<string>) | null
  /** Null where the vendor knows no acknowledgement. */
  acknowledge: ((groupKey: string, tools: Tools) => Promise<void>) | null
  /** Null where changes are not wanted, or not known. */
  change: ((change: Change, tools: Tools) => Promise<void>) | null
}

export function channelsOf({ name: receiver, notify }: AlertReceiver): Channel[] {
  return notify.map((config, index) => {
    const ordinal = notify.slice(0, index).filter(({ type }) => type === config.type).length + 1
    const { type } = config
    const id = ordinal === 1 ? type : `${type}-${ordinal}`
    const notifier = notifierOf(config)
    return {
      receiver,
      id,
      type,
      secrets: secretsOf(config, notifier.shown),
      health: unusedHealth(),
      sendResolved: config.send_resolved,
      resendMs: notifier.resendMs ?? null,
      send: (notification, tools) => notifier.send(notification, config, tools),
      preview: previewOf(notifier, config),
      acknowledge: acknowledgerOf(notifier, config),
      change: changeTellerOf(notifier, config),
    }
  })
}

export const channelKey = ({ receiver, id }: Pick<Channel, 'receiver' | 'id'>) => JSON.stringify([receiver, id])

function unusedHealth(): ChannelHealth {
  return { healthy: true, last_error: '', last_success_at: null, last_attempt_at: null, blocked_until: 0, failures: 0 }
}

/** The notifier of the configuration's type takes that configuration: the schema is a union over the same list. */
function notifierOf(config: ChannelConfig): Notifier {
  const notifier = notifiers.find(({ type }) => type === config.type) as Notifier | undefined
  if (!notifier) throw new Error(`no notifier of type ${config.type}`)
  return notifier
}

function previewOf(notifier: Notifier, config: ChannelConfig): Channel['preview'] {
  if (!notifier.preview) return null
  return async (notification) => (await notifier.preview?.(notification, config)) ?? ''
}

function acknowledgerOf(notifier: Notifier, config: ChannelConfig): Channel['acknowledge'] {
  if (!notifier.acknowledge) return null
  return async (groupKey, tools) => notifier.acknowledge?.(groupKey, config, tools)
}

function changeTellerOf(notifier: Notifier, config: ChannelConfig): Channel['change'] {
  const wanted = 'change_events' in config && config.change_events
  if (!notifier.change || !wanted) return null
  return async (change, tools) => notifier.change?.(change, config, tools)
}
