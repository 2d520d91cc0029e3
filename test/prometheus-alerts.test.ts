/** A real Prometheus sends its alerts to a running instance as if to Alertmanager; they join ours. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startStandIn, type StandIn } from '../alerts/notify/testing/server.ts'
import { webhookStandIn, type WebhookStandIn } from '../alerts/notify/testing/webhook.ts'
import { prometheus } from './support/debian.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, startInstance, type Instance } from './support/instance.ts'

describe.skipIf(prometheus() === null)('a Prometheus that takes a running instance for its Alertmanager', () => {
  let webhook: WebhookStandIn
  let exporter: StandIn
  let gpuDown = 1
  let instance: Instance
  let server: ChildProcess
  let folder: string
  let data: string

  beforeAll(async () => {
    webhook = await webhookStandIn()
    exporter = await startStandIn(() => ({ status: 200, body: `gpu_down{host="h1"} ${gpuDown}\n` }))
    folder = instanceFolder({
      alerts: {
        rules: ['rules/*.yaml'],
        shipped_rules: false,
        receivers: [{ name: 'on-call', notify: [{ type: 'webhook', url: webhook.hookUrl }] }],
        route: { group_by: ['alertname'], group_wait: '1s', group_interval: '1s' },
        inhibit_rules: [
          { source_matchers: ['alertname=GpuDown'], target_matchers: ['alertname=SlowModel'], equal: ['host'] },
        ],
      },
    })
    mkdirSync(join(folder, 'rules'))
    instance = await startInstance(folder)
    data = mkdtempSync(join(tmpdir(), 'inferwatch-prometheus-'))
    server = startPrometheus(data, {
      exporter: exporter.url,
      dashboard: instance.urls.dashboard,
      listen: `127.0.0.1:${await freePort()}`,
    })
  })

  afterAll(async () => {
    if (server.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit')
    await instance.stop()
    await Promise.all([webhook.stop(), exporter.stop()])
    removeFolder(folder)
    removeFolder(data)
  })

  const messagesOf = (alertname: string) =>
    webhook.messages.filter(({ groupLabels }) => groupLabels['alertname'] === alertname)
  const told = (alertname: string, status: string) =>
    eventually(`${alertname} is told as ${status}`, () =>
      Promise.resolve(messagesOf(alertname).find((message) => message.status === status) ?? null),
    )

  test('its alert is told, keeps one of ours quiet, and resolves', async () => {
    expect((await told('GpuDown', 'firing')).alerts).toMatchObject([
      { labels: { host: 'h1', severity: 'page' }, annotations: { summary: 'A GPU of h1 is down' } },
    ])
    writeFileSync(
      join(folder, 'rules', 'slow.yaml'),
      stringify({
        groups: [
          { name: 'ours', interval: '1s', rules: [{ alert: 'SlowModel', sql: "select 'h1' as host, 1 as value" }] },
        ],
      }),
    )
    const muted = await eventually('our alert is inhibited', async () => {
      const answer = await fetch(`${instance.urls.dashboard}/api/alerts/groups`)
      const { groups } = (await answer.json()) as {
        groups: { labels: Record<string, string>; state: string; alerts: { muted_by: object[] }[] }[]
      }
      return groups.find(({ labels, state }) => labels['alertname'] === 'SlowModel' && state === 'muted') ?? null
    })
    expect(muted.alerts).toMatchObject([{ muted_by: [{ kind: 'inhibited' }] }])
    expect(messagesOf('SlowModel')).toEqual([])
    gpuDown = 0
    await told('GpuDown', 'resolved')
    await told('SlowModel', 'firing')
    expect(webhook.problems).toEqual([])
  })
})

function startPrometheus(data: string, at: { exporter: string; dashboard: string; listen: string }): ChildProcess {
  const rule = {
    alert: 'GpuDown',
    expr: 'gpu_down == 1',
    labels: { severity: 'page' },
    annotations: { summary: 'A GPU of {{ $labels.host }} is down' },
  }
  const targets = (url: string) => [{ targets: [new URL(url).host] }]
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(data, 'rules.yml')],
    scrape_configs: [{ job_name: 'gpus', static_configs: targets(at.exporter) }],
    alerting: { alertmanagers: [{ static_configs: targets(at.dashboard) }] },
  }
  writeFileSync(join(data, 'prometheus.yml'), stringify(config))
  writeFileSync(join(data, 'rules.yml'), stringify({ groups: [{ name: 'gpus', rules: [rule] }] }))
  const args = [
    `--config.file=${join(data, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${at.listen}`,
  ]
  return spawn(prometheus() ?? '', args, { cwd: data, stdio: 'ignore' })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
