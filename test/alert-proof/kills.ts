/**
 * kill -9 in the middle of evaluations and deliveries: a real process evaluates rules whose truth follows the clock, PagerDuty's
 * stand-in is told, and the process is killed again and again, half of the times at the moment when a delivery has just arrived.
 * At the end each incident was opened once for what it is about, and all of them are resolved.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { z } from 'zod'
import { pagerdutyStandIn } from '../../alerts/notify/testing/pagerduty.ts'
import { dice } from '../support/dice.ts'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, startInstance, type Instance } from '../support/instance.ts'

/** An alert of each holds for the first half of its period, one shifted against the other. */
const models = 6
const periodS = 24
const shiftS = 4

export interface KillsProof {
  seed: number
  kills: number
  /** Kills at the arrival of a delivery. */
  aimed: number
  incidents: number
  /** An incident that was opened again for what it had been opened for before. */
  duplicate_pages: number
  /** Incidents that stayed open. */
  lost_resolves: number
  /** Events sent again for want of an answer: of the same key, so that PagerDuty makes nothing new of them. */
  repeated_events: number
  problems: string[]
}

interface Options {
  kills: number
  seed: number
  onKill?: (done: number) => void
}

export const isProven = ({ duplicate_pages, lost_resolves, problems, incidents }: KillsProof): boolean =>
  incidents > 0 && duplicate_pages === 0 && lost_resolves === 0 && problems.length === 0

/** Throws when the process does not come back. */
export async function proveKills({ kills, seed, onKill = () => {} }: Options): Promise<KillsProof> {
  const roll = dice(seed)
  const pagerduty = await pagerdutyStandIn()
  const folder = instanceFolder({ alerts: alertsOf(pagerduty.routingKey, pagerduty.enqueueUrl) })
  writeRules(folder, true)
  let instance = await start(folder)
  let aimed = 0
  try {
    for (let done = 0; done < kills; done++) {
      if (roll(2) === 0) await sleep(roll(4_000))
      else if (await nextRequest(pagerduty.requests)) aimed++
      instance.kill('SIGKILL')
      await instance.exited
      instance = await start(folder)
      onKill(done + 1)
    }
    // The last kill is followed by a page, so that there is one to resolve.
    await nextRequest(pagerduty.requests)
    writeRules(folder, false)
    const open = () => pagerduty.incidents.filter(({ status }) => status === 'triggered').length
    await eventually('every incident is resolved', () => Promise.resolve(open() === 0 ? true : null)).catch(() => {})
    const { duplicate_pages, repeated_events } = judge(pagerduty.requests.map(({ body }) => body))
    const { incidents, problems } = pagerduty
    const counted = { incidents: incidents.length, duplicate_pages, lost_resolves: open(), repeated_events }
    return { seed, kills, aimed, ...counted, problems }
  } finally {
    await instance.stop()
    await pagerduty.stop()
    removeFolder(folder)
  }
}

const start = (folder: string): Promise<Instance> => startInstance(folder, ['--only', 'alerts'])

function alertsOf(routing_key: string, url: string): object {
  const notify = [{ type: 'pagerduty', routing_key, url }]
  return {
    rules: ['rules.yaml'],
    shipped_rules: false,
    receivers: [{ name: 'on-call', notify }],
    route: { group_by: ['alertname', 'model'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
  }
}

/** Which models have an alert is a question of the moment that is asked about, so that missed moments can be made up for. */
function writeRules(folder: string, any: boolean): void {
  const seconds = `toUnixTimestamp({to:DateTime64(3)}) + number * ${shiftS}`
  const sql = `select concat('m', toString(number)) as model, 1 as value from numbers(${models})
    where ${any ? 1 : 0} and (${seconds}) % ${periodS} < ${periodS / 2}`
  const rule = { alert: 'Held', sql, for: '1s', labels: { severity: 'critical' } }
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'kills', interval: '1s', rules: [rule] }] }))
}

/** Resolves the moment that another one is there; false when there is none for a whole period. */
async function nextRequest(requests: readonly unknown[]): Promise<boolean> {
  const before = requests.length
  const deadline = Date.now() + 2 * periodS * 1000
  while (requests.length === before) {
    if (Date.now() > deadline) return false
    await sleep(1)
  }
  return true
}

const event = z.object({
  dedup_key: z.string(),
  event_action: z.enum(['trigger', 'resolve']),
  payload: z.object({ component: z.string(), timestamp: z.string() }).optional(),
})

/** What PagerDuty made of the events, in the order of their arrival. */
function judge(bodies: readonly string[]): Pick<KillsProof, 'duplicate_pages' | 'repeated_events'> {
  const open = new Set<string>()
  const opened = new Set<string>()
  const counted = { duplicate_pages: 0, repeated_events: 0 }
  for (const body of bodies) {
    const { dedup_key, event_action, payload } = event.parse(JSON.parse(body))
    const isOpen = open.has(dedup_key)
    if (isOpen === (event_action === 'trigger')) counted.repeated_events++
    if (event_action === 'resolve') open.delete(dedup_key)
    if (event_action !== 'trigger' || isOpen || !payload) continue
    open.add(dedup_key)
    const what = episode(payload.component, Date.parse(payload.timestamp) / 1000)
    if (opened.has(what)) counted.duplicate_pages++
    opened.add(what)
  }
  return counted
}

/** Which of the model's periods an alert belongs to. */
function episode(model: string, firesSince: number): string {
  return `${model} ${Math.floor((firesSince + Number(model.slice(1)) * shiftS) / periodS)}`
}
