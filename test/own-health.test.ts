/** The engine of storage hangs: the process says so, and that it is over. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startStandIn, type StandIn } from '../alerts/notify/testing/server.ts'
import { webhookStandIn, type WebhookStandIn } from '../alerts/notify/testing/webhook.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, startInstance, type Instance } from './support/instance.ts'

let folder: string
let instance: Instance
let webhook: WebhookStandIn
let outside: StandIn

beforeAll(async () => {
  webhook = await webhookStandIn()
  outside = await startStandIn(() => ({ status: 200 }))
  folder = instanceFolder({
    alerts: {
      rules: ['rules.yaml'],
      shipped_rules: false,
      route: { receiver: 'on-call', group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
      receivers: [
        { name: 'on-call', notify: [{ type: 'webhook', url: webhook.hookUrl }] },
        { name: 'dead-man', heartbeat: { url: `${outside.url}/ping`, interval: '1s' } },
      ],
    },
  })
  const rules = [
    { alert: 'StorageDown', kind: 'self', measure: 'storage_down', above: '0ms' },
    { alert: 'Quiet', sql: 'select 1 as value where false' },
  ]
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'own', interval: '1s', rules }] }))
  instance = await startInstance(folder)
})
afterAll(async () => {
  await instance.stop()
  await Promise.all([webhook.stop(), outside.stop()])
  removeFolder(folder)
})

const told = (status: string) =>
  Promise.resolve(webhook.messages.find((message) => message.status === status)?.commonLabels ?? null)

test('storage hangs, and comes back', async () => {
  await eventually('it is pinged', () => Promise.resolve(outside.requests.length > 1 ? true : null))
  const pid = await eventually('the engine runs', () => Promise.resolve(instance.enginePid()))
  process.kill(pid, 'SIGSTOP')
  expect(await eventually('storage is told to be down', () => told('firing'))).toMatchObject({
    alertname: 'StorageDown',
    host: expect.any(String),
  })
  process.kill(pid, 'SIGKILL')
  const pinged = outside.requests.length
  expect(await eventually('it is told to be back', () => told('resolved'))).toMatchObject({ alertname: 'StorageDown' })
  await eventually('it is pinged again', () => Promise.resolve(outside.requests.length > pinged ? true : null))
  expect(webhook.problems).toEqual([])
})
