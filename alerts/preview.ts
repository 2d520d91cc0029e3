/** What each channel of a receiver would be sent: rendered by the notifiers themselves, and kept from leaving. */
import type { Db } from '../storage/client.ts'
import { activeAlertStates, type AlertStateRow } from '../storage/queries/alert-state.ts'
import { Briefer } from './briefing.ts'
import { channelsOf, type Channel } from './channel.ts'
import { ChartShelf } from './chart/shelf.ts'
import { systemClock } from './clock.ts'
import { composeNotification } from './compose.ts'
import type { AlertsConfig } from './config.ts'
import type { GroupedAlert } from './group.ts'
import { groupKey } from './group.ts'
import { fingerprint, pickLabels } from './labels.ts'
import type { Briefing } from './notify/notification.ts'
import { createPost, redactor } from './notify/post.ts'
import { withTemplates } from './notify/templates.ts'
import { loadRuleGroups } from './rule-file.ts'
import { ConfigError } from './yaml-file.ts'
import { pino } from 'pino'

export interface PreviewOptions {
  config: AlertsConfig
  baseDir: string
  receiver: string
  /** Name of an alert that fires or is about to; a made-up one unless said. */
  alert?: string | undefined
  /** As if it were over. */
  resolved: boolean
  /** Epoch milliseconds. */
  now: number
}

export interface Preview {
  channel: string
  /** Without secrets. */
  text: string
}

/** `reader` is asked only about a real alert. Throws ConfigError on a receiver or an alert that isn't there. */
export async function previewNotification(options: PreviewOptions, reader: Db | null): Promise<Preview[]> {
  const { config, receiver, now } = options
  const found = config.receivers.find(({ name }) => name === receiver)
  if (!found) {
    const known = config.receivers.map(({ name }) => name).join(', ')
    throw new ConfigError(`no receiver "${receiver}"; expected one of: ${known || 'none is configured'}`)
  }
  const { alert, briefings } = await subject(options, reader)
  const labels = pickLabels(alert.labels, config.route.group_by)
  const group = { receiver, key: groupKey(labels), labels, next_flush_at: now, alerts: {}, channels: {} }
  const told = options.resolved ? { firing: [alert.fingerprint], at: alert.starts_at } : null
  const externalUrl = (config.external_url ?? '').replace(/\/+$/, '')
  const occasion = {
    id: 'preview',
    reason: options.resolved ? 'resolved' : 'first',
    now,
    externalUrl,
    briefings,
  } as const
  const notification = composeNotification(group, { told, outbox: null }, [alert], occasion)
  return Promise.all(
    channelsOf(found).map(async (channel) => ({
      channel: channel.id,
      text: await rendered(channel, withTemplates(notification, config.templates, channel.type)),
    })),
  )
}

type Subject = { alert: GroupedAlert; briefings: ReadonlyMap<string, Briefing> }

async function subject(
  { config, baseDir, alert: name, resolved, now }: PreviewOptions,
  reader: Db | null,
): Promise<Subject> {
  const ends_at = resolved ? now : null
  if (name === undefined || !reader) return sample(now, ends_at)
  const states = await activeAlertStates(reader)
  const state = states.find(({ labels }) => labels['alertname'] === name)
  if (!state) {
    const known = [...new Set(states.map(({ labels }) => labels['alertname']))].join(', ')
    throw new ConfigError(`no alert "${name}" is pending or fires; expected one of: ${known || 'there is none now'}`)
  }
  const alert = { ...groupedOf(state), ends_at }
  const groups = await loadRuleGroups(config, baseDir)
  const rules = groups.flatMap((group) => group.rules)
  const log = pino({ level: 'silent' })
  const externalUrl = () => (config.external_url ?? '').replace(/\/+$/, '')
  const clock = { ...systemClock, now: () => now }
  const briefer = new Briefer({
    reader,
    clock,
    log,
    rules: () => rules,
    externalUrl,
    shelf: new ChartShelf(),
    waitMs: 30_000,
  })
  return { alert, briefings: await briefer.brief([alert]) }
}

function groupedOf({ fingerprint, labels, annotations, value, active_at, firing_since }: AlertStateRow): GroupedAlert {
  return { fingerprint, labels, annotations, value, starts_at: firing_since ?? active_at, ends_at: null }
}

const minuteMs = 60_000

function sample(now: number, ends_at: number | null): Subject {
  const labels = { alertname: 'HighP95Latency', model: 'gpt-4o', severity: 'page' }
  const alert: GroupedAlert = {
    fingerprint: fingerprint(labels),
    labels,
    annotations: { summary: 'P95 of gpt-4o is 7.2 s', runbook_url: 'https://example.com/runbooks/latency' },
    value: 7_200,
    starts_at: now - 14 * minuteMs,
    ends_at,
  }
  const briefing: Briefing = {
    unit: 'ms',
    threshold: { side: 'above', value: 5_000 },
    normal: 1_100,
    peak: 9_000,
    affected: { requests: 120, users: 14, cost_usd: 3.2 },
    causes: ['openai answered 429 to 42 of 120 requests'],
    chart: null,
    page: '/requests',
    window_ms: 5 * minuteMs,
    filter: { model: 'gpt-4o' },
  }
  return { alert, briefings: new Map([[alert.fingerprint, briefing]]) }
}

async function rendered(channel: Channel, notification: Parameters<Channel['send']>[0]): Promise<string> {
  const redact = redactor(channel.secrets)
  if (channel.preview) return redact(await channel.preview(notification))
  const requests: string[] = []
  const keep: typeof fetch = async (input, init) => {
    requests.push(await shown(input instanceof Request ? input.url : String(input), init))
    // Read by those who ask for an id.
    return Response.json({ ok: true, ts: '1', channel: 'C0', id: '1' })
  }
  const { signal } = new AbortController()
  const post = createPost({ fetch: keep, signal, now: () => notification.at, secrets: channel.secrets })
  await channel.send(notification, { post, memory: null, attempt: 1, signal, timeoutMs: 10_000, redact })
  return redact(requests.join('\n'))
}

async function shown(url: string, init: RequestInit = {}): Promise<string> {
  const { method = 'POST', body } = init
  return `${method} ${url}\n${await bodyText(body)}`
}

async function bodyText(body: RequestInit['body']): Promise<string> {
  if (typeof body === 'string') return pretty(body)
  if (!(body instanceof FormData)) return ''
  const parts = [...body].map(([name, value]) =>
    typeof value === 'string' ? `${name}: ${pretty(value)}` : `${name}: ${value.name}, ${value.size} bytes`,
  )
  return parts.join('\n')
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}
