/** What was told while the disk was full ends, also when the process was gone before there was room. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { pagerdutyStandIn } from '../alerts/notify/testing/pagerduty.ts'
import { eventually } from './support/eventually.ts'
import { startInstance } from './support/instance.ts'
import { smallDisk } from './support/small-disk.ts'

test('a full disk is told, and over after a restart', async ({ skip }) => {
  const pagerduty = await pagerdutyStandIn()
  const notify = [{ type: 'pagerduty', routing_key: pagerduty.routingKey, url: pagerduty.enqueueUrl }]
  const disk = smallDisk({
    alerts: {
      rules: ['rules.yaml'],
      shipped_rules: false,
      route: { receiver: 'on-call', group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
      receivers: [{ name: 'on-call', notify }],
    },
  })
  if (!disk) {
    await pagerduty.stop()
    skip('only a user who may mount a file system can make a small disk')
    return
  }
  const rules = [{ alert: 'DiskFull', kind: 'self', measure: 'disk_used', above: '99%' }]
  writeFileSync(join(disk.folder, 'rules.yaml'), stringify({ groups: [{ name: 'own', interval: '1s', rules }] }))
  const incident = (status: string) => () =>
    Promise.resolve(pagerduty.incidents.find((one) => one.status === status) ?? null)
  let instance = await startInstance(disk.folder)
  try {
    disk.fill(0)
    await eventually('it is told', incident('triggered'))
    instance.kill('SIGKILL')
    await instance.exited
    disk.makeRoom()
    instance = await startInstance(disk.folder)
    await eventually('its end is told', incident('resolved'))
    expect(pagerduty.incidents).toHaveLength(1)
    expect(pagerduty.problems).toEqual([])
  } finally {
    disk.makeRoom()
    await instance.stop()
    disk.remove()
    await pagerduty.stop()
  }
}, 240_000)
