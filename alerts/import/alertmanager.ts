/** Takes an `alertmanager.yml` over: the same routes, inhibition and times in our configuration, and word of all that is lost. */
import { z } from 'zod'
import { stringify } from 'yaml'
import { alertsConfig } from '../config.ts'
import type { Path, YamlFile } from '../yaml-file.ts'
import type { Imported, Importer } from './importer.ts'

type Mapping = Record<string, unknown>

/** What is known of the file while it is read. */
interface Reading {
  global: Mapping
  lose: (path: Path, why: string) => void
}

/** Makes the section `alerts:` of a configuration file. */
export const alertmanagerConfig: Importer = { name: 'alertmanager.yml', key: 'route', convert }

function convert(file: YamlFile): Imported {
  const all = mapping(file.value)
  const lost: string[] = []
  const reading: Reading = {
    global: mapping(all['global']),
    lose: (path, why) => lost.push(`${file.where(path)}: ${why}`),
  }
  const alerts = {
    receivers: list(all['receivers']).map((receiver, index) =>
      receiverOf(mapping(receiver), ['receivers', index], reading),
    ),
    route: routeOf(mapping(all['route']), ['route'], reading),
    ...filled(
      'inhibit_rules',
      list(all['inhibit_rules']).flatMap((rule, index) =>
        inhibitRule(mapping(rule), ['inhibit_rules', index], reading),
      ),
    ),
    ...filled('time_intervals', [...list(all['time_intervals']), ...list(all['mute_time_intervals'])]),
    ...durationAt('resolve_timeout', reading.global, ['global'], reading),
  }
  for (const [index] of list(all['templates']).entries())
    reading.lose(['templates', index], 'templates are not carried over')
  loseOthers(
    all,
    ['global', 'receivers', 'route', 'inhibit_rules', 'time_intervals', 'mute_time_intervals', 'templates'],
    [],
    reading,
  )
  loseOthers(reading.global, ['resolve_timeout', ...usedGlobals], ['global'], reading)
  const count = alerts.receivers.length
  const summary = `${count} ${count === 1 ? 'receiver' : 'receivers'} and the routes to them`
  return { text: stringify({ alerts }), summary, notes: [...lost, ...faults(alerts, file)] }
}

/** What the result says that our parser does not take. */
function faults(alerts: object, file: YamlFile): string[] {
  const issues = alertsConfig.safeParse(alerts).error?.issues ?? []
  return issues.map(({ path, message }) => {
    const at = path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    return `${file.where(at)}: to be mended in the result: ${message}`
  })
}

/** Turns one of a receiver's configurations into a channel; null when it can't be one. */
interface Converter {
  /** Keys that it reads; others are lost. */
  keys: readonly string[]
  channel(config: Mapping, global: Mapping): Mapping | null
  /** Why null. */
  without: string
  /** What Alertmanager does where the file doesn't say; true unless said. */
  sendResolved?: boolean
}

const usedGlobals = [
  'slack_api_url',
  'pagerduty_url',
  'smtp_from',
  'smtp_smarthost',
  'smtp_auth_username',
  'smtp_auth_password',
  'smtp_require_tls',
]

const converters: Record<string, Converter> = {
  slack_configs: {
    keys: ['api_url'],
    channel: slackOf,
    sendResolved: false,
    without: 'has no api_url that stands in the file',
  },
  pagerduty_configs: {
    keys: ['routing_key', 'url'],
    channel: ({ routing_key, url }, { pagerduty_url }) =>
      textOr(routing_key)
        ? { type: 'pagerduty', routing_key, ...(textOr(url, pagerduty_url) ? { url: textOr(url, pagerduty_url) } : {}) }
        : null,
    without: 'has no routing_key that stands in the file; service_key is of an older API',
  },
  webhook_configs: {
    keys: ['url'],
    channel: ({ url }) => (textOr(url) ? { type: 'webhook', url } : null),
    without: 'has no url that stands in the file',
  },
  email_configs: {
    keys: ['to', 'from', 'smarthost', 'auth_username', 'auth_password', 'require_tls'],
    channel: emailOf,
    sendResolved: false,
    without: 'has no to, from or smarthost (host:port)',
  },
  msteamsv2_configs: {
    keys: ['webhook_url'],
    channel: ({ webhook_url }) => (textOr(webhook_url) ? { type: 'teams', webhook_url } : null),
    without: 'has no webhook_url that stands in the file',
  },
  discord_configs: {
    keys: ['webhook_url'],
    channel: ({ webhook_url }) => (textOr(webhook_url) ? { type: 'discord', webhook_url } : null),
    without: 'has no webhook_url that stands in the file',
  },
}

/** One whose own address stands in another file is not sent to the address of all others. */
function slackOf({ api_url, api_url_file }: Mapping, { slack_api_url }: Mapping): Mapping | null {
  const webhook_url = textOr(api_url) ?? (api_url_file === undefined ? textOr(slack_api_url) : undefined)
  return webhook_url === undefined ? null : { type: 'slack', webhook_url }
}

function emailOf(config: Mapping, global: Mapping): Mapping | null {
  const to = (textOr(config['to']) ?? '').split(',').flatMap((address) => address.trim() || [])
  const from = textOr(config['from'], global['smtp_from'])
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(textOr(config['smarthost'], global['smtp_smarthost']) ?? '') ?? []
  if (to.length === 0 || from === undefined || host === undefined) return null
  const username = textOr(config['auth_username'], global['smtp_auth_username'])
  const password = textOr(config['auth_password'], global['smtp_auth_password'])
  return {
    type: 'email',
    host,
    port: Number(port),
    ...((config['require_tls'] ?? global['smtp_require_tls']) === false ? { require_tls: false } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    from,
    to,
  }
}

function receiverOf(receiver: Mapping, path: Path, reading: Reading): Mapping {
  const notify = Object.entries(receiver).flatMap(([key, configs]) => {
    if (!key.endsWith('_configs')) return []
    return list(configs).flatMap((config, index) => channelOf(key, mapping(config), [...path, key, index], reading))
  })
  loseOthers(receiver, ['name', ...Object.keys(receiver).filter((key) => key.endsWith('_configs'))], path, reading)
  const name = textOr(receiver['name']) ?? ''
  if (notify.length === 0 && Object.keys(receiver).some((key) => key.endsWith('_configs')))
    reading.lose(path, `${name} tells nobody until a channel is added`)
  return { name, notify }
}

function channelOf(key: string, config: Mapping, path: Path, reading: Reading): Mapping[] {
  const converter = converters[key]
  if (!converter) {
    reading.lose(path, `${key} has no channel that is carried over; add one by hand`)
    return []
  }
  const channel = converter.channel(config, reading.global)
  if (channel === null) reading.lose(path, converter.without)
  loseOthers(config, [...converter.keys, 'send_resolved'], path, reading)
  const told = config['send_resolved'] ?? converter.sendResolved ?? true
  return channel ? [{ ...channel, ...(told === false ? { send_resolved: false } : {}) }] : []
}

const timings = ['group_wait', 'group_interval', 'repeat_interval'] as const
/** What Alertmanager's root has that says nothing, where ours has another. */
const rootTimings = { group_wait: '30s' }
const routeKeys = [
  'receiver',
  'continue',
  'match',
  'match_re',
  'matchers',
  'mute_time_intervals',
  'active_time_intervals',
]

function routeOf(route: Mapping, path: Path, reading: Reading): Mapping {
  const isRoot = path.length === 1
  const groupBy = list(route['group_by'])
  loseOthers(route, [...routeKeys, ...timings, 'group_by', 'routes'], path, reading)
  return {
    ...pick(route, ['receiver']),
    // Where Alertmanager's root has none, everything is one group.
    ...(isRoot || groupBy.length > 0 ? { group_by: groupBy } : {}),
    ...pick(route, routeKeys.slice(1)),
    ...(isRoot ? rootTimings : {}),
    ...Object.assign({}, ...timings.map((key) => durationAt(key, route, path, reading))),
    ...filled(
      'routes',
      list(route['routes']).map((child, index) => routeOf(mapping(child), [...path, 'routes', index], reading)),
    ),
  }
}

const inhibitKeys = ['source', 'target'].flatMap((side) => [`${side}_matchers`, `${side}_match`, `${side}_match_re`])

function inhibitRule(rule: Mapping, path: Path, reading: Reading): Mapping[] {
  loseOthers(rule, [...inhibitKeys, 'equal'], path, reading)
  const kept = pick(rule, [...inhibitKeys, 'equal'])
  if (inhibitKeys.slice(0, 3).some((key) => Object.keys(Object(kept[key])).length > 0)) return [kept]
  reading.lose(path, 'has no source matcher: every alert would keep others from being told')
  return []
}

function loseOthers(found: Mapping, known: readonly string[], path: Path, { lose }: Reading): void {
  for (const key of Object.keys(found)) if (!known.includes(key)) lose([...path, key], 'not carried over')
}

const durationUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const
const promUnits: Record<string, number> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  ...Object.fromEntries(durationUnits),
}

/** Prometheus has 1h30m and 1w; ours have one number and no weeks. */
function durationAt(key: string, from: Mapping, path: Path, { lose }: Reading): Mapping {
  const found = from[key]
  if (found === undefined) return {}
  const text = typeof found === 'string' ? found : ''
  const parts = [...text.matchAll(/(\d+)(ms|[ywdhms])/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    lose([...path, key], `${JSON.stringify(found)} is no duration`)
    return {}
  }
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (promUnits[unit ?? ''] ?? NaN), 0)
  const [unit, size] = durationUnits.find(([, each]) => ms % each === 0 && ms >= each) ?? (['s', 1_000] as const)
  return { [key]: `${ms / size}${unit}` }
}

const mapping = (value: unknown): Mapping => z.record(z.string(), z.unknown()).catch({}).parse(value)

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const pick = (from: Mapping, keys: readonly string[]): Mapping =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined || from[key] === null ? [] : [[key, from[key]]])))

const filled = (key: string, values: readonly unknown[]): Mapping => (values.length > 0 ? { [key]: values } : {})

/** The first that is a text and not empty. */
function textOr(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}
