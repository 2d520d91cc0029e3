/**
 * How long alerts take from the engine to the decision whom to tell: routed through a tree of 23 routes, grouped, inhibited and
 * silenced, without a database or a receiver. `npm run bench -- alert-routing [alerts]`
 */
import { pino } from 'pino'
import { alertsConfig } from '../alerts/config.ts'
import { Dispatcher } from '../alerts/dispatch.ts'
import type { GroupedAlert } from '../alerts/group.ts'
import { fingerprint } from '../alerts/labels.ts'
import { Silences } from '../alerts/routing/silences.ts'
import { RowWriter } from '../alerts/row-writer.ts'
import { createTelemetry } from '../alerts/telemetry.ts'
import { manualClock } from '../alerts/testing/manual-clock.ts'
import type { Db } from '../storage/client.ts'

const count = Number(process.argv[3] ?? 10_000)
const start = Date.UTC(2026, 10, 21, 10)
const clock = manualClock(start)
const log = pino({ level: 'silent' })
const telemetry = createTelemetry()
const nowhere: Db = {
  query: () => Promise.resolve([]),
  command: () => Promise.resolve(),
  insert: () => Promise.resolve(),
  insertRowBinary: () => Promise.resolve(),
}
const writer = new RowWriter({ db: nowhere, clock, log, telemetry })

const silences = new Silences({ clock, writer })
for (let index = 0; index < 20; index++)
  silences.set({
    matchers: [{ name: 'n', value: `7${index}.*`, is_regex: true, is_equal: true }],
    ends_at: start + 86_400_000,
    comment: 'bench',
    created_by: 'bench',
  })

const notify = [{ type: 'webhook', url: 'http://127.0.0.1:9/' }]
const config = alertsConfig.parse({
  receivers: ['a', 'b', 'c'].map((name) => ({ name, notify })),
  route: {
    group_by: ['alertname'],
    routes: [
      ...Array.from({ length: 20 }, (_, index) => ({ matchers: [`team=~"t${index}|u${index}"`], receiver: 'b' })),
      // One half makes a group each, the other a hundred groups.
      { matchers: ['n=~".*[02468]"'], group_by: ['...'] },
      { receiver: 'c', group_by: ['host'] },
    ],
  },
  inhibit_rules: [{ source_matchers: ['down=1'], target_matchers: ['down=""'], equal: ['host'] }],
})
const tools = {
  clock,
  fetch: () => Promise.reject(new TypeError('nobody is there')),
  random: () => 1,
  log,
  writer,
  telemetry,
}
const dispatcher = new Dispatcher(config, { ...tools, externalUrl: () => '', silences })

const alerts = Array.from({ length: count }, (_, n): GroupedAlert => {
  const labels = { alertname: 'X', n: `${n}`, host: `h${n % 100}`, severity: 'page', ...(n < 5 ? { down: '1' } : {}) }
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations: { summary: `The P95 of ${n} is above five seconds` },
    value: n,
    starts_at: start,
    ends_at: null,
  }
})

async function timed(what: string, work: () => void | Promise<void>): Promise<void> {
  const [began, used] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(used)
  const [ms, cpu] = [performance.now() - began, (user + system) / 1000].map(Math.round)
  process.stdout.write(`${what.padEnd(32)} ${ms} ms, ${cpu} ms of CPU\n`)
}

await timed(`${count} alerts routed and grouped`, () => dispatcher.update(alerts))
await timed('the same, unchanged', () => dispatcher.update(alerts))
await timed('first flush of their groups', () => clock.advance(31_000))
await timed('a flush without news', () => clock.advance(300_000))
process.stdout.write(`${dispatcher.groups().length} groups\n`)
process.exit(0)
