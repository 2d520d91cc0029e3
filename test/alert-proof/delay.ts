/**
 * How late Slack hears of it: a real process takes in failing requests by OTLP at random moments of the rules' interval, stores
 * them, evaluates a rule like a shipped one, and tells a stand-in of Slack for each `group_wait`. What each part of the way took comes
 * from what the process wrote down.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { slackStandIn, type SlackStandIn } from '../../alerts/notify/testing/slack.ts'
import { dice } from '../support/dice.ts'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from '../support/instance.ts'

export const parts = ['stored', 'evaluated', 'grouped', 'delivered'] as const
export type Part = (typeof parts)[number]

export interface Spread {
  p50_ms: number
  p95_ms: number
  max_ms: number
}

/** One message: when each part of its way ended, epoch ms. */
export interface Told extends Record<Part, number> {
  model: string
  /** When the first bad request was sent, and when the collector had said that it has it. */
  sent: number
  acked: number
  /** Of the grid: what the evaluation that fired looked back from. */
  evaluated_for: number
}

export interface WaitProof {
  /** `default` is what a route has that says nothing. */
  group_wait: string
  told: Told[]
  /** From the answer of the collector until Slack had the message. */
  in_all: Spread
  parts: Record<Part, Spread>
}

export interface DelayProof {
  seed: number
  interval_s: number
  waits: WaitProof[]
  /** Messages that are missing or were told twice, and what broke Slack's contract. */
  problems: string[]
}

export interface DelayOptions {
  incidents: number
  seed: number
  intervalS?: number
  waits?: readonly string[]
  onTold?: (told: number) => void
}

/** More than `min_requests` of the rule. */
const failuresEach = 30

/** A busy machine starts and stores slowly. */
const longestWaitMs = 180_000

/** Throws when a message does not come at all. */
export async function proveDelay({
  incidents,
  seed,
  intervalS = 15,
  waits = ['default', '0s'],
  onTold = () => {},
}: DelayOptions): Promise<DelayProof> {
  const roll = dice(seed)
  const slacks = await Promise.all(waits.map(() => slackStandIn()))
  const folder = instanceFolder({ alerts: alertsOf(waits, slacks) })
  writeRules(folder, intervalS)
  const instance = await startInstance(folder)
  const models = Array.from({ length: incidents }, (_, index) => `incident-${letters(index)}`)
  const sending = new Map<string, { sent: number; acked: number }>()
  const firstOf = (slack: SlackStandIn, model: string) => slack.requests.find(({ body }) => body.includes(model))
  try {
    for (const [index, model] of models.entries()) {
      await sleep(roll(intervalS * 1000))
      sending.set(model, await send(instance, model))
      onTold(models.slice(0, index).filter((each) => slacks.every((slack) => firstOf(slack, each))).length)
    }
    for (const slack of slacks)
      await eventually(
        'Slack hears of every incident',
        () => Promise.resolve(models.every((model) => firstOf(slack, model)) ? true : null),
        longestWaitMs,
      )
    const rows = await eventually(
      'what was told is on record',
      () => written(instance, incidents * waits.length),
      longestWaitMs,
    )
    const proofs = waits.map((group_wait, index) => {
      const slack = slacks[index] as SlackStandIn
      const told = models.map((model): Told => {
        const row = rows.find((each) => each.model === model && each.receiver === receiverOf(index))
        const sent = sending.get(model)
        if (!row || !sent) throw new Error(`nothing on record of ${model}`)
        const { stored, evaluated, evaluated_for, grouped } = row
        const delivered = firstOf(slack, model)?.at ?? NaN
        return { model, ...sent, stored, evaluated, evaluated_for, grouped, delivered }
      })
      return summed(group_wait, told)
    })
    const problems = slacks.flatMap((slack) => [
      ...slack.problems,
      ...models.filter((model) => toldTwice(slack, model)).map((model) => `${model} was told twice`),
    ])
    return { seed, interval_s: intervalS, waits: proofs, problems }
  } finally {
    await instance.stop()
    await Promise.all(slacks.map((slack) => slack.stop()))
    removeFolder(folder)
  }
}

export function showDelay({ interval_s, waits, problems }: DelayProof): string {
  const seconds = ({ p50_ms, p95_ms, max_ms }: Spread) =>
    [p50_ms, p95_ms, max_ms].map((ms) => (ms / 1000).toFixed(2)).join(' / ')
  return [
    `evaluated every ${interval_s} s; p50 / p95 / max in seconds since the part before`,
    `| group_wait | incidents | ${parts.join(' | ')} | in all |`,
    `|---|---|${parts.map(() => '---|').join('')}---|`,
    ...waits.map(({ group_wait, told, in_all, parts: each }) => {
      const cells = [...parts.map((part) => seconds(each[part])), seconds(in_all)]
      return `| ${[group_wait, told.length, ...cells].join(' | ')} |`
    }),
    ...problems,
  ].join('\n')
}

const receiverOf = (index: number) => `slack-${index}`
/** No digits: what looks like a version is taken off the name of a model. */
const letters = (index: number) =>
  [index / 676, index / 26, index].map((part) => String.fromCodePoint(97 + (Math.floor(part) % 26))).join('')

function alertsOf(waits: readonly string[], slacks: readonly SlackStandIn[]): object {
  return {
    rules: ['rules.yaml'],
    shipped_rules: false,
    receivers: slacks.map(({ webhookUrl }, index) => ({
      name: receiverOf(index),
      notify: [{ type: 'slack', webhook_url: webhookUrl }],
    })),
    route: {
      routes: waits.map((group_wait, index) => ({
        receiver: receiverOf(index),
        matchers: ['severity="critical"'],
        continue: true,
        ...(group_wait === 'default' ? {} : { group_wait }),
      })),
    },
  }
}

/** The shipped HighErrorRatio, without its `for`. */
function writeRules(folder: string, intervalS: number): void {
  const rule = {
    alert: 'HighErrorRatio',
    kind: 'error_ratio',
    window: '5m',
    by: ['model'],
    above: '5%',
    min_requests: 20,
    labels: { severity: 'critical' },
    annotations: { summary: '{{ value | percent }} of the requests to {{ labels.model }} fail' },
  }
  const groups = [{ name: 'delay', interval: `${intervalS}s`, rules: [rule] }]
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }))
}

async function send(instance: Instance, model: string): Promise<{ sent: number; acked: number }> {
  const sent = Date.now()
  const end = BigInt(sent) * 1_000_000n
  const spans = Array.from({ length: failuresEach }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: `chat ${model}`,
    kind: 3,
    startTimeUnixNano: String(end - BigInt(300 + index) * 1_000_000n),
    endTimeUnixNano: String(end),
    attributes: Object.entries({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': model,
      'error.type': '503',
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    status: { code: 2, message: 'overloaded' },
  }))
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'delay' } }] }
  const response = await fetch(`${instance.urls.otlp_http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  })
  if (!response.ok) throw new Error(`the collector answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
  return { sent, acked: Date.now() }
}

interface Written extends Omit<Record<Part, number>, 'delivered'> {
  model: string
  receiver: string
  evaluated_for: number
}

const ms = (column: string) => `toFloat64(toUnixTimestamp64Milli(${column}))`

/** Null until there are so many. */
async function written(instance: Instance, count: number): Promise<Written[] | null> {
  const rows = await sql<Written>(
    instance,
    `select model, receiver, stored, evaluated, evaluated_for, grouped
    from (
      select model, ${ms('max(inserted_at)')} as stored from requests group by model
    ) as r inner join (
      select labels['model'] as model, fingerprint, ${ms('min(inserted_at)')} as evaluated,
        ${ms('toDateTime64(min(timestamp), 3)')} as evaluated_for
      from alert_events where state = 'firing' group by model, fingerprint
    ) as e using model inner join (
      select receiver, arrayJoin(alerts) as fingerprint, ${ms('min(timestamp)')} as grouped
      from notifications where outcome = 'sent' and status = 'firing' group by receiver, fingerprint
    ) as n using fingerprint`,
  )
  return rows.length >= count ? rows : null
}

/** As firing; a group that resolved is told of once more. */
function toldTwice({ messages }: SlackStandIn, model: string): boolean {
  const ofModel = messages.filter((message) => JSON.stringify(message).includes(model))
  return new Set(ofModel.map(({ color }) => color)).size < ofModel.length
}

function summed(group_wait: string, told: Told[]): WaitProof {
  const spent = told.map((one) => {
    let before = one.acked
    // What is written down behind the decision may be there later than what followed from it.
    return parts.map((part) => {
      const after = Math.max(before, one[part])
      const took = after - before
      before = after
      return took
    })
  })
  const ofPart = (part: Part) => spread(spent.map((one) => one[parts.indexOf(part)] ?? NaN))
  return {
    group_wait,
    told,
    in_all: spread(told.map(({ acked, delivered }) => delivered - acked)),
    parts: Object.fromEntries(parts.map((part) => [part, ofPart(part)])) as Record<Part, Spread>,
  }
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (level: number) => sorted[Math.min(Math.floor(level * sorted.length), sorted.length - 1)] ?? NaN
  return { p50_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1) }
}
