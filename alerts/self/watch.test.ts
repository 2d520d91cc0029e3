/** The rules about ourselves by themselves: without storage, and with what the last process left in it. */
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Db } from '../../storage/client.ts'
import type { AlertStateRow } from '../../storage/queries/alert-state.ts'
import type { Instance } from '../instance.ts'
import { fingerprint } from '../labels.ts'
import { parseRuleFile } from '../rule-file.ts'
import { RowWriter } from '../row-writer.ts'
import { createTelemetry } from '../telemetry.ts'
import { manualClock } from '../testing/manual-clock.ts'
import type { Reading } from './reading.ts'
import { SelfWatch } from './watch.ts'

const second = 1_000
const minute = 60 * second
const t0 = Date.UTC(2026, 10, 21, 10)

function groupsOf(...rules: string[]) {
  const text = `groups: [{ name: own, interval: 30s, rules: [${rules.join(', ')}] }]`
  const { groups, problems } = parseRuleFile(text, 'rules.yaml')
  expect(problems).toEqual([])
  return groups
}

/** Of a process that started at t0, on the machine `here`. */
function watchOver(readings: () => Reading[]) {
  const clock = manualClock(t0)
  const rows: { table: string; row: Record<string, unknown> }[] = []
  const ended: Instance[] = []
  const db: Pick<Db, 'insert'> = {
    insert(table, written) {
      for (const row of written) rows.push({ table, row: { ...row } })
      return Promise.resolve()
    },
  }
  const log = pino({ level: 'silent' })
  const telemetry = createTelemetry()
  const writer = new RowWriter({ db, clock, log, telemetry })
  const watch = new SelfWatch({
    clock,
    log,
    writer,
    telemetry,
    host: 'here',
    since: t0,
    health: () => Promise.resolve(readings()),
    onAlerts: (_, ceased) => ended.push(...ceased),
  })
  return { clock, watch, writer, rows, ended }
}

const down = '{ alert: Down, kind: self, measure: storage_down, above: 20s, for: 1m }'

function left(fields: Partial<AlertStateRow>): AlertStateRow {
  const labels = { alertname: 'Down', host: 'here' }
  return {
    group: 'own',
    rule: 'Down',
    fingerprint: fingerprint(fields.labels ?? labels),
    state: 'firing',
    labels,
    annotations: {},
    value: 1,
    reason: '',
    reason_since: null,
    active_at: t0 - minute,
    firing_since: t0 - minute,
    keep_firing_since: null,
    evaluated_at: t0 - minute,
    ...fields,
  }
}

test('a rule whose results cannot be told apart fails alone, and says why', async () => {
  const { clock, watch } = watchOver(() => [
    { measure: 'failed_deliveries', labels: { receiver: 'a', channel: 'slack' }, value: 9 },
    { measure: 'failed_deliveries', labels: { receiver: 'a', channel: 'email' }, value: 9 },
    { measure: 'storage_down', labels: {}, value: minute },
  ])
  const one = '{ alert: Untold, kind: self, measure: failed_deliveries, above: 2, labels: { channel: any } }'
  watch.load(groupsOf(one, down))
  await clock.advance(2 * minute)
  expect(watch.rules().map(({ rule, status: { health, last_error } }) => [rule.name, health, last_error])).toEqual([
    ['Untold', 'err', expect.stringContaining('same labels')],
    ['Down', 'ok', ''],
  ])
  expect(watch.active()).toMatchObject([{ state: 'firing', labels: { alertname: 'Down' } }])
})

test('what another machine left ends: nobody watches that one from here', async () => {
  const { clock, watch, writer, rows, ended } = watchOver(() => [{ measure: 'storage_down', labels: {}, value: 0 }])
  watch.load(groupsOf(down))
  const there = left({ labels: { alertname: 'Down', host: 'there' } })
  expect(watch.restore([there, left({})])).toHaveLength(2)
  expect(watch.active()).toMatchObject([{ labels: { host: 'here' } }])
  expect(ended).toMatchObject([{ labels: { host: 'there' }, resolved_at: clock.now() }])
  await writer.flush()
  expect(rows).toMatchObject([
    { table: 'alert_events', row: { fingerprint: there.fingerprint, previous_state: 'firing', state: 'inactive' } },
    { table: 'alert_state', row: { fingerprint: there.fingerprint, state: 'inactive' } },
  ])
})

test('time that nobody watched does not count towards `for`', async () => {
  const { clock, watch } = watchOver(() => [{ measure: 'storage_down', labels: {}, value: minute }])
  watch.load(groupsOf(down))
  watch.restore([
    left({ state: 'pending', firing_since: null, active_at: t0 - 600 * second, evaluated_at: t0 - 590 * second }),
  ])
  await clock.advance(30 * second)
  expect(watch.active()).toMatchObject([{ state: 'pending' }])
})

test('what it wrote itself, before storage could be read, is not taken over', async () => {
  let value = minute
  const { clock, watch, writer, rows } = watchOver(() => [{ measure: 'storage_down', labels: {}, value }])
  watch.load(groupsOf(down))
  await clock.advance(2 * minute)
  const [fired] = watch.active()
  value = 0
  await clock.advance(30 * second)
  watch.restore([left({ fingerprint: fired?.fingerprint ?? '', evaluated_at: fired?.evaluated_at ?? 0 })])
  expect(watch.active()).toEqual([])
  await clock.advance(30 * second)
  await writer.flush()
  const ends = rows.filter(({ table, row }) => table === 'alert_events' && row['state'] === 'inactive')
  expect(ends).toHaveLength(1)
})
