/** Slow requests come in over OTLP; Slack and PagerDuty are told, and told again when it is over. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { pagerdutyStandIn, type PagerdutyStandIn } from '../alerts/notify/testing/pagerduty.ts'
import { slackStandIn, type SlackStandIn } from '../alerts/notify/testing/slack.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'
import { llmSpans } from './support/load.ts'

let folder: string
let instance: Instance
let slack: SlackStandIn
let pagerduty: PagerdutyStandIn

beforeAll(async () => {
  slack = await slackStandIn()
  pagerduty = await pagerdutyStandIn()
  folder = instanceFolder({
    alerts: {
      rules: ['rules/*.yaml'],
      shipped_rules: false,
      route: {
        receiver: 'on-call',
        group_by: ['alertname'],
        group_wait: '1s',
        group_interval: '1s',
        repeat_interval: '1h',
      },
      receivers: [
        {
          name: 'on-call',
          notify: [
            { type: 'slack', webhook_url: slack.webhookUrl },
            { type: 'pagerduty', routing_key: pagerduty.routingKey, url: pagerduty.enqueueUrl },
          ],
        },
      ],
    },
  })
  const rule = {
    alert: 'Slow',
    kind: 'latency',
    quantile: 0.95,
    window: '10s',
    by: ['service'],
    above: '500ms',
    for: '1s',
    labels: { severity: 'critical' },
    annotations: { summary: 'P95 of {{ labels.service }} is {{ value | duration }}' },
  }
  mkdirSync(join(folder, 'rules'))
  writeFileSync(
    join(folder, 'rules', 'slow.yaml'),
    stringify({ groups: [{ name: 'test', interval: '1s', rules: [rule] }] }),
  )
  instance = await startInstance(folder)
})

afterAll(async () => {
  await instance.stop()
  await Promise.all([slack.stop(), pagerduty.stop()])
  removeFolder(folder)
})

test('pending, firing, told; resolved, told', async () => {
  // Spans of llmSpans last a second or more. They come until somebody was told, however slow that is.
  for (let round = 0; slack.messages.length === 0 && round < 60; round++) {
    await fetch(`${instance.urls.otlp_http}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: llmSpans(20, 'slow-service').body,
    })
    await new Promise((resolve) => setTimeout(resolve, 800))
  }
  const incident = await eventually('PagerDuty has an incident that was resolved', () =>
    Promise.resolve(pagerduty.incidents.find((one) => one.status === 'resolved') ?? null),
  )
  expect(incident).toMatchObject({ status: 'resolved' })
  const texts = await eventually('Slack was told twice', () =>
    Promise.resolve(slack.messages.length >= 2 ? slack.messages.map((message) => JSON.stringify(message)) : null),
  )
  expect(texts[0]).toMatch(/P95 of slow-service is 1\.\d+ s/)
  // Its link leads to the port that the dashboard was given.
  expect(texts[0]).toContain(instance.urls.dashboard)
  expect(slack.problems).toEqual([])
  expect(pagerduty.problems).toEqual([])

  // Changes of state are written while receivers are told.
  const states = await eventually('three changes of state are on record', async () => {
    const rows = await sql<{ state: string }>(
      instance,
      `SELECT state FROM alert_events WHERE rule = 'Slow' ORDER BY timestamp`,
    )
    return rows.length >= 3 ? rows : null
  })
  expect(states.map((row) => row.state)).toEqual(['pending', 'firing', 'inactive'])
  // What became of each delivery is written after the vendor's answer.
  const sent = await eventually('four deliveries are on record', async () => {
    const rows = await sql<{ outcome: string; n: number }>(
      instance,
      'SELECT outcome, count() AS n FROM notifications GROUP BY outcome',
    )
    return rows.some((row) => row.n >= 4) ? rows : null
  })
  expect(sent).toEqual([{ outcome: 'sent', n: 4 }])
})
