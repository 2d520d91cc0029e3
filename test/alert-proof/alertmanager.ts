/**
 * Debian's Alertmanager and ours get the same alerts and silences at the same times, and the same configuration: ours is the
 * imported one. Every receiver has to hear the same of every group, in the same order.
 *
 * Where we differ on purpose, and what is compared there:
 * - Alertmanager tells of alerts that have resolved before anybody heard of them; we don't. Such members are taken out of its
 *   notifications, and notifications that said nothing else.
 * - We tell the end of what was told, even when it is silenced or inhibited by then, so that no incident stays open;
 *   Alertmanager loses it. The streams end nothing of that kind; `alerts/routing/routing.test.ts` has it.
 * - A repeat comes at the flush nearest to its interval, in Alertmanager at the first one after it: the streams' repeat interval
 *   makes these the same.
 * - An empty group is forgotten at once, in Alertmanager within half a minute: what fires anew waits for group_wait, which
 *   lies on the streams' grid of flushes too.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { parse, stringify } from 'yaml'
import { alertsConfig } from '../../alerts/config.ts'
import { startAlerts } from '../../alerts/index.ts'
import { startStandIn, type StandIn } from '../../alerts/notify/testing/server.ts'
import { importText } from '../../alerts/import/index.ts'
import { createApp } from '../../dashboard/api/app.ts'
import { testStorage } from '../../storage/testing.ts'
import { testDeps } from '../dashboard/serve.ts'
import { alertmanager } from '../support/debian.ts'
import { eventually } from '../support/eventually.ts'
import { randomStream, type Step, type StreamAlert } from './alert-stream.ts'

export interface AlertmanagerProof {
  streams: number
  steps: number
  /** Notifications that both sent. */
  same: number
  /** Members and notifications of Alertmanager's that we leave out on purpose. */
  on_purpose: number
  /** What each receiver heard of a group where that differs; `theirs` is Alertmanager's. */
  different: { group: string; ours: string[]; theirs: string[] }[]
}

/** Something came too late for its place on the grid: the machine is too busy for these timings. */
class TooLate extends Error {
  override name = 'TooLate'
}

/**
 * Throws where Alertmanager could not be had. Steps stand on a grid of `tickMs`, and every group is flushed in the middle
 * between two of them; where anything is late, all is played again on a grid twice as wide.
 */
export async function proveAlertmanager(
  streams: number,
  { steps = 8, seed = 1, tickMs = 4_000 } = {},
): Promise<AlertmanagerProof> {
  try {
    return await playOnce(streams, steps, seed, tickMs)
  } catch (error) {
    if (error instanceof TooLate && tickMs < 60_000)
      return proveAlertmanager(streams, { steps, seed, tickMs: tickMs * 2 })
    throw error
  }
}

async function playOnce(streams: number, steps: number, seed: number, tickMs: number): Promise<AlertmanagerProof> {
  const inbox = await startInbox()
  const alertStreams = Array.from({ length: streams }, (_, index) => randomStream(seed + index, steps))
  const [theirs, ours] = await Promise.all([startTheirs(inbox.url, tickMs), startOurs(inbox.url, tickMs)])
  const began = Date.now() + 100
  try {
    for (let step = 0; step < steps; step++) {
      await sleep(Math.max(0, began + step * tickMs - Date.now()))
      const due = alertStreams.flatMap((stream) => stream[step] ?? [])
      await Promise.all([play(theirs.call, due), play(ours.call, due)])
      if (Date.now() - began > (step + 0.4) * tickMs) throw new TooLate(`step ${step}`)
    }
    await sleep(Math.max(0, began + steps * tickMs - Date.now()))
  } finally {
    await Promise.all([theirs.stop(), ours.stop(), inbox.stop()])
  }
  const phases = [...inbox.ours, ...inbox.theirs].map(({ at }) => ((at - began) / tickMs) % 1)
  if (phases.some((phase) => phase < 0.45 || phase > 0.95)) throw new TooLate('a notification')
  return compare(inbox, streams, steps)
}

type Call = (method: string, path: string, body?: unknown) => Promise<Response>

interface Side {
  call: Call
  stop(): Promise<void>
}

const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()

/** Ids of the silences that each side gave, by side and what they mean. */
const silenceIds = new WeakMap<Call, Map<string, string>>()

async function play(call: Call, due: readonly Step[]): Promise<void> {
  const ids = silenceIds.get(call) ?? new Map<string, string>()
  silenceIds.set(call, ids)
  const now = new Date().toISOString()
  const posted = due.flatMap(({ fire, resolve }) => [
    ...fire.map((labels) => ({ labels, startsAt: now, endsAt: hours(1) })),
    ...resolve.map((labels) => ({ labels, startsAt: now, endsAt: now })),
  ])
  await expectOk(call('POST', '/api/v2/alerts', posted))
  const silence = async (labels: StreamAlert) => {
    const answer = await expectOk(call('POST', '/api/v2/silences', silenceOf(labels)))
    ids.set(keyOf(labels), ((await answer.json()) as { silenceID: string }).silenceID)
  }
  await Promise.all([
    ...due.flatMap((step) => step.silence.map(silence)),
    ...due.flatMap((step) =>
      step.unsilence.map((each) => expectOk(call('DELETE', `/api/v2/silence/${ids.get(keyOf(each))}`))),
    ),
  ])
}

const keyOf = ({ stream, n }: StreamAlert) => `${stream}/${n}`

function silenceOf({ stream, n }: StreamAlert): object {
  const matchers = [
    { name: 'stream', value: stream, isRegex: false, isEqual: true },
    { name: 'n', value: `${n}|none`, isRegex: true, isEqual: true },
  ]
  return { matchers, startsAt: new Date().toISOString(), endsAt: hours(1), createdBy: 'proof', comment: 'proof' }
}

async function expectOk(answer: Promise<Response>): Promise<Response> {
  const response = await answer
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response
}

const routes = `
group_by: [stream, alertname]
repeat_interval: 1h
receiver: default
routes:
  - { matchers: [severity="page"], receiver: pager, continue: true }
  - matchers: [severity=page]
    receiver: team
    group_by: [stream]
    routes:
      - { match: { team: gpu }, receiver: gpu, group_by: ['...'] }
  - { match_re: { team: 'net|gpu' }, receiver: team, group_by: [stream, host] }
  - { matchers: ['repeats=~"."'], receiver: repeating }
  - { matchers: [muted!=""], receiver: default, mute_time_intervals: [always] }
  - { matchers: [active!=""], receiver: default, active_time_intervals: [always], group_by: [stream] }
`

const intervals = [{ name: 'always', time_intervals: [{ days_of_month: ['1:31'] }] }]
const inhibit = {
  source_matchers: ['alertname=HostDown'],
  target_matchers: ['alertname!=HostDown'],
  equal: ['stream', 'host'],
}

function alertmanagerYaml(inbox: string, side: string, tickMs: number): string {
  const timings = { group_wait: `${tickMs / 2}ms`, group_interval: `${tickMs}ms` }
  const tree = parse(routes) as { routes: { receiver: string }[] }
  const children = tree.routes.map((route) =>
    route.receiver === 'repeating' ? { ...route, repeat_interval: `${tickMs * 1.75}ms` } : route,
  )
  const receivers = ['default', 'pager', 'team', 'gpu', 'repeating'].map((name) => ({
    name,
    webhook_configs: [{ url: `${inbox}/${side}` }],
  }))
  return stringify({
    route: { ...tree, ...timings, routes: children },
    receivers,
    inhibit_rules: [inhibit],
    time_intervals: intervals,
  })
}

async function startTheirs(inbox: string, tickMs: number): Promise<Side> {
  const found = alertmanager()
  if (found === null) throw new Error('Alertmanager is not here: npm test fetches it, as root on Debian')
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-alertmanager-'))
  const file = join(folder, 'alertmanager.yml')
  writeFileSync(file, alertmanagerYaml(inbox, 'theirs', tickMs))
  const listen = `127.0.0.1:${await freePort()}`
  const args = [
    `--config.file=${file}`,
    `--storage.path=${folder}`,
    `--web.listen-address=${listen}`,
    '--cluster.listen-address=',
  ]
  const child: ChildProcess = spawn(found.program, args, { cwd: found.folder, stdio: 'ignore' })
  const call: Call = (method, path, body) =>
    fetch(`http://${listen}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  await eventually('Alertmanager answers', async () => (await call('GET', '/-/ready').catch(() => null))?.ok || null)
  return {
    call,
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startOurs(inbox: string, tickMs: number): Promise<Side> {
  const { text, notes: lost } = importText(alertmanagerYaml(inbox, 'ours', tickMs), 'alertmanager.yml')
  if (lost.length > 0) throw new Error(`lost in the import: ${lost.join('\n')}`)
  const imported = (parse(text) as { alerts: object }).alerts
  const config = alertsConfig.parse({ ...imported, rules: [], shipped_rules: false })
  const storage = await testStorage()
  const log = pino({ level: 'silent' })
  const { db, reader } = storage
  const alerts = await startAlerts({ config, baseDir: '/', db, reader, log, dashboardUrl: () => '' })
  const app = createApp(testDeps(reader, { alerts }))
  return {
    call: async (method, path, body) =>
      app.request(path, {
        method,
        headers: { host: 'localhost', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async stop() {
      await alerts.stop()
      await storage.stop()
    },
  }
}

interface Message {
  /** When it came, epoch ms. */
  at: number
  receiver: string
  groupKey: string
  alerts: { status: string; labels: StreamAlert }[]
}

interface Inbox extends Pick<StandIn, 'url' | 'stop'> {
  ours: Message[]
  theirs: Message[]
}

async function startInbox(): Promise<Inbox> {
  const ours: Message[] = []
  const theirs: Message[] = []
  const server = await startStandIn(({ path, body }) => {
    const message = { ...(JSON.parse(body) as Message), at: Date.now() }
    if (path === '/ours') ours.push(message)
    else theirs.push(message)
    return { status: 200 }
  })
  return { url: server.url, stop: () => server.stop(), ours, theirs }
}

function compare({ ours, theirs }: Inbox, streams: number, steps: number): AlertmanagerProof {
  const heardOfUs = heard(ours)
  const heardOfThem = heard(theirs)
  const count = (all: Heard) => [...all.byGroup.values()].reduce((sum, { length }) => sum + length, 0)
  const groups = [...new Set([...heardOfUs.byGroup.keys(), ...heardOfThem.byGroup.keys()])].toSorted()
  const different = groups
    .map((group) => ({
      group,
      ours: heardOfUs.byGroup.get(group) ?? [],
      theirs: heardOfThem.byGroup.get(group) ?? [],
    }))
    .filter((each) => JSON.stringify(each.ours) !== JSON.stringify(each.theirs))
  const same = count(heardOfThem) - different.reduce((sum, each) => sum + each.theirs.length, 0)
  return { streams, steps, same, on_purpose: heardOfThem.leftOut, different }
}

interface Heard {
  /** By receiver and group key, in order: `firing a b, resolved c`. */
  byGroup: Map<string, string[]>
  leftOut: number
}

/** What stands in the messages, without the ends of what was never told. */
function heard(messages: readonly Message[]): Heard {
  const byGroup = new Map<string, string[]>()
  const told = new Map<string, Set<string>>()
  let leftOut = 0
  for (const { receiver, groupKey, alerts } of messages) {
    const group = `${receiver} ${groupKey}`
    const before = told.get(group) ?? new Set<string>()
    const named = (status: string) => alerts.filter((alert) => alert.status === status).map(({ labels }) => labels.n)
    const firing = named('firing').toSorted()
    const ended = named('resolved').toSorted()
    const resolved = ended.filter((n) => before.has(n))
    leftOut += ended.length - resolved.length
    told.set(group, new Set(firing))
    const says = resolved.length > 0 || firing.some((n) => !before.has(n)) || ended.length === 0
    if (!says) leftOut++
    else
      byGroup.set(group, [...(byGroup.get(group) ?? []), `firing ${firing.join(' ')}, resolved ${resolved.join(' ')}`])
  }
  return { byGroup, leftOut }
}

async function freePort(): Promise<number> {
  const server: Server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
