/** What `alerts notify` sends, to stand-ins of vendors. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alertsConfig } from './config.ts'
import { pagerdutyStandIn } from './notify/testing/pagerduty.ts'
import { webhookStandIn } from './notify/testing/webhook.ts'
import { tryReceiver } from './try-receiver.ts'

let pagerduty: Awaited<ReturnType<typeof pagerdutyStandIn>>
let webhook: Awaited<ReturnType<typeof webhookStandIn>>
beforeEach(async () => {
  ;[pagerduty, webhook] = await Promise.all([pagerdutyStandIn(), webhookStandIn()])
})
afterEach(() => Promise.all([pagerduty.stop(), webhook.stop()]))

const config = () =>
  alertsConfig.parse({
    receivers: [
      {
        name: 'on-call',
        notify: [
          { type: 'pagerduty', routing_key: pagerduty.routingKey, url: pagerduty.enqueueUrl },
          { type: 'webhook', url: webhook.hookUrl },
        ],
      },
      { name: 'beats', heartbeat: { url: 'http://127.0.0.1:9/beat' } },
    ],
  })

async function tried(receiver: string): Promise<{ ok: boolean; lines: string[] }> {
  const lines: string[] = []
  const ok = await tryReceiver(config(), { receiver, print: (line) => void lines.push(line) })
  return { ok, lines }
}

test('every channel hears of an alert and of its end', async () => {
  expect(await tried('on-call')).toEqual({
    ok: true,
    lines: ['pagerduty: took a test notification, and its end', 'webhook: took a test notification, and its end'],
  })
  expect(pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(webhook.messages.map(({ status }) => status)).toEqual(['firing', 'resolved'])
})

test('one that refuses says why, without its secret, and holds up no other', async () => {
  pagerduty.failNext({ status: 400 })
  const { ok, lines } = await tried('on-call')
  expect(ok).toBe(false)
  expect(lines).toEqual([
    expect.stringMatching(/^pagerduty: failed: .*400/),
    'webhook: took a test notification, and its end',
  ])
  expect(lines.join('\n')).not.toContain(pagerduty.routingKey)
})

test.each(['nobody', 'beats'])('%s is no receiver of notifications', async (receiver) => {
  await expect(tried(receiver)).rejects.toThrow(`no receiver "${receiver}" that is notified; expected one of: on-call`)
})
