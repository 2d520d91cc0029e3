/**
 * Whether each alert is told exactly once as firing and once as resolved on each kind of channel, or once as both when it ended
 * before the channel could be reached: over a random schedule of alerts, failures, lost connections and restarts.
 */
import { pino } from 'pino'
import { alertsConfig } from '../../alerts/config.ts'
import { Dispatcher } from '../../alerts/dispatch.ts'
import type { GroupedAlert } from '../../alerts/group.ts'
import { fingerprint } from '../../alerts/labels.ts'
import type { Fault } from '../../alerts/notify/testing/server.ts'
import { RowWriter } from '../../alerts/row-writer.ts'
import { createTelemetry } from '../../alerts/telemetry.ts'
import { manualClock, type ManualClock } from '../../alerts/testing/manual-clock.ts'
import type { Db } from '../../storage/client.ts'
import { Silences } from '../../alerts/routing/silences.ts'
import type { AlertGroupRow } from '../../storage/queries/alert-state.ts'
import { startVendors, type Told, type Vendor } from './vendors.ts'

export interface DeliveryProof {
  seed: number
  alerts: number
  channels: number
  attempts: number
  faults: number
  restarts: number
  /** What was told twice, or not at all, and what broke a vendor's contract. */
  wrong: string[]
}

export interface DeliveryOptions {
  alerts: number
  seed: number
  /** Vendors that never answer, too: ten seconds each. */
  hangs?: boolean
  onProgress?: (alerts: number) => void
}

const minuteMs = 60_000
const start = Date.UTC(2026, 10, 21, 10)

export async function proveDelivery({
  alerts,
  seed,
  hangs = false,
  onProgress,
}: DeliveryOptions): Promise<DeliveryProof> {
  const random = randomFrom(seed)
  const vendors = await startVendors()
  const clock = manualClock(start)
  const house = keepHouse(vendors, clock)
  let [faults, restarts] = [0, 0]
  try {
    const firing: GroupedAlert[] = []
    for (let made = 0; made < alerts || firing.length > 0;) {
      if (made < alerts && random() < 0.6) {
        firing.push(alertOf(made++, clock.now()))
        onProgress?.(made)
      }
      if (firing.length > 0 && random() < 0.5) {
        const [over] = firing.splice(Math.floor(random() * firing.length), 1)
        // One that is over before its group waited long enough is told to nobody, which is no proof of anything.
        if (over && clock.now() - over.starts_at >= 2 * minuteMs) house.update([{ ...over, ends_at: clock.now() }])
        else if (over) firing.push(over)
      }
      house.update(firing)
      for (const vendor of vendors)
        if (random() < 0.4) {
          vendor.server.failNext(faultFor(vendor, random, hangs))
          faults++
        }
      await clock.advance(Math.ceil(random() * 2 * minuteMs))
      if (random() < 0.1) {
        await house.restart()
        restarts++
      }
    }
    for (const { server } of vendors) server.recover()
    // What still waits is retried within five minutes; Retry-After asks for as much.
    await clock.advance(30 * minuteMs)
    const wrong = vendors.flatMap((vendor) => [
      ...vendor.server.problems.map((problem) => `${vendor.name}: ${problem}`),
      ...Array.from({ length: alerts }, (_, index) => wronglyTold(vendor, `ep-${index}`)).flat(),
    ])
    const attempts = vendors.reduce((sum, { server }) => sum + server.requests.length, 0)
    return { seed, alerts, channels: vendors.length, attempts, faults, restarts, wrong }
  } finally {
    await house.stop()
    await Promise.all(vendors.map(({ server }) => server.stop()))
  }
}

function wronglyTold({ name, told }: Vendor, instance: string): string[] {
  const { firing, resolved, both }: Told = told(instance)
  const once = both === 0 ? firing === 1 && resolved === 1 : both === 1 && firing === 0 && resolved === 0
  return once ? [] : [`${name}: ${instance} told ${firing} times as firing, ${resolved} as resolved, ${both} as both`]
}

function alertOf(index: number, starts_at: number): GroupedAlert {
  const labels = { alertname: 'Slow', instance: `ep-${index}`, severity: 'critical' }
  const annotations = { summary: `episode ${index}` }
  return { fingerprint: fingerprint(labels), labels, annotations, value: 7, starts_at, ends_at: null }
}

function faultFor({ recognises }: Vendor, random: () => number, hangs: boolean): Fault {
  const faults: Fault[] = [
    { status: 500 },
    { status: 503, headers: { 'retry-after': '30' } },
    { status: 429, headers: { 'retry-after': String(Math.ceil(random() * 200)) } },
    'disconnect',
    ...(recognises ? (['lost'] as const) : []),
    ...(hangs && random() < 0.1 ? (['hang'] as const) : []),
  ]
  return faults[Math.floor(random() * faults.length)] ?? 'disconnect'
}

/** The dispatcher over rows that stay in memory, and can begin anew from them. */
function keepHouse(vendors: readonly Vendor[], clock: ManualClock) {
  const rows = new Map<string, AlertGroupRow & { closed: boolean }>()
  const insert: Db['insert'] = (table, added) => {
    if (table === 'alert_groups')
      for (const row of added as (AlertGroupRow & { closed: boolean })[]) rows.set(row.group_key, row)
    return Promise.resolve()
  }
  const config = alertsConfig.parse({
    route: { group_by: ['alertname', 'instance'], group_wait: '0s', group_interval: '1m', repeat_interval: '30d' },
    receivers: [{ name: 'all', notify: vendors.map(({ channel }) => channel) }],
  })
  const log = pino({ level: 'silent' })
  const telemetry = createTelemetry()
  const begin = () => {
    const writer = new RowWriter({ db: { insert }, clock, log, telemetry })
    const brief = () => Promise.resolve(new Map<string, never>())
    const externalUrl = () => 'http://inferwatch.example:8080'
    const silences = new Silences({ clock, writer, telemetry })
    const texts = { externalUrl, templates: () => ({}), brief }
    const options = { clock, fetch, random: () => 1, log, writer, telemetry, silences, ...texts }
    const dispatcher = new Dispatcher(config, options)
    dispatcher.restore([...rows.values()].filter(({ closed }) => !closed))
    return { dispatcher, writer }
  }
  let running = begin()
  return {
    update: (alerts: readonly GroupedAlert[]) => running.dispatcher.update(alerts),
    async restart() {
      await this.stop()
      running = begin()
    },
    async stop() {
      await running.dispatcher.stop(0)
      await running.writer.flush()
      running.writer.stop()
    },
  }
}

/** Mulberry32: from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
