/**
 * A picture of every page with demo traffic, in light, dark and on a phone: `npm run shots [folder] [minutes of traffic]`, and a page
 * that shows them all. Those of `test/shots/pictures` are kept. Complaints of the browser's console are told at the end, and are a failure.
 */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { testBrowser } from '../dashboard/browser.ts'
import { instanceFolder, removeFolder, startInstance } from '../support/instance.ts'
import { fileOf, gallery, looks, type PageName } from './gallery.ts'

const [folder = 'test/.output/shots', minutes = '4'] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)

/** The pages of things are those of the busiest, or newest, that the demo made. */
async function pagesOf(sql: (query: string) => Promise<string>): Promise<Record<PageName, string>> {
  const one = async (column: string, condition = '1') =>
    encodeURIComponent(
      await sql(`select ${column} from requests where ${condition} group by 1 order by count() desc limit 1`),
    )
  const trace = await sql('select trace_id from spans group by trace_id order by count() desc, trace_id limit 1')
  const server = await sql('select instance from server_samples group by 1 order by count() desc, 1 limit 1')
  const [host = '', gpu = ''] = (await sql('select host, gpu from gpu_samples order by host, gpu limit 1')).split('\t')
  return {
    overview: '/?range=15m',
    models: '/models?range=15m',
    model: `/models/${await one('model')}?range=15m`,
    endpoints: '/endpoints?range=15m',
    endpoint: `/endpoints/${await one('endpoint', "endpoint != ''")}?range=15m`,
    servers: '/servers?range=15m',
    server: `/servers/${encodeURIComponent(server)}?range=15m`,
    gpus: '/gpus?range=15m',
    gpu: `/gpus/${encodeURIComponent(host)}/${encodeURIComponent(gpu)}?range=15m`,
    uptime: '/uptime?range=15m',
    requests: '/requests?range=15m',
    trace: `/traces/${trace}`,
    conversation: `/traces/${trace}?view=conversation`,
    sessions: '/sessions?range=15m',
    session: `/sessions/${await one('session_id', "session_id != ''")}`,
    users: '/users?range=15m',
    user: `/users/${await one('user_id', "user_id != ''")}?range=15m`,
    cost: '/cost?range=24h',
    alerts: '/alerts',
    rules: '/alerts?view=rules',
    objectives: '/alerts?view=slos',
    'rule-editor': '/alerts/rule',
    sql: '/sql',
    schema: '/schema',
    targets: '/targets?range=15m',
    ingest: '/ingest?range=15m',
    settings: '/settings',
  }
}

/** A small file, for a repository to keep. */
async function take(page: Page, file: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: 60 })
  await writeFile(file, Buffer.from(data, 'base64'))
}

/** What the demo has none of: objectives, a budget, and a probe that is answered. */
const rules = `
groups:
  - name: objectives
    rules:
      - { alert: ChatAvailability, kind: slo, objective: 99%, where: { endpoint: demo-openai }, period: 30d }
      - { alert: ChatIsQuick, kind: slo, indicator: latency, max_latency: 6s, objective: 95%, where: { endpoint: demo-llama-70b }, period: 30d }
      - { alert: TeamBudget, kind: budget, amount: $1000, period: month, by: [team] }
`
const gateway = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
await once(gateway, 'listening')
const { port } = gateway.address() as AddressInfo
const home = instanceFolder({
  alerts: { rules: ['rules.yaml'] },
  endpoints: [
    {
      name: 'gateway',
      upstream: `http://127.0.0.1:${port}`,
      uptime_objective: 0.999,
      probes: [{ type: 'http', path: '/', interval: '10s', timeout: '5s' }],
    },
  ],
})
await writeFile(join(home, 'rules.yaml'), rules)
const instance = await startInstance(home, ['--demo'])
const complaints: string[] = []
try {
  say(`${minutes} minutes of demo traffic on ${instance.urls.dashboard} ...`)
  await sleep(Number(minutes) * 60_000)
  const pages = await pagesOf(async (query) => {
    const response = await fetch(`${instance.urls.clickhouse}/?database=inferwatch`, { method: 'POST', body: query })
    if (!response.ok) throw new Error(await response.text())
    return (await response.text()).trim()
  })
  await mkdir(folder, { recursive: true })
  for (const { name, scheme, size } of looks) {
    const browser = await testBrowser(scheme)
    try {
      for (const [page, path] of Object.entries(pages)) {
        const shown = await browser.open(`${instance.urls.dashboard}${path}`, size)
        await shown.page.waitForFunction(
          () => document.querySelector('main *') !== null && document.querySelector('.skeleton') === null,
          undefined,
          { timeout: 120_000 },
        )
        // Charts are drawn a frame after their answers.
        await sleep(500)
        await take(shown.page, join(folder, fileOf(page, name)))
        complaints.push(...shown.complaints.map((text) => `${page}, ${name}: ${text}`))
        await shown.page.close()
      }
    } finally {
      await browser.close()
    }
    say(`${name}: ${Object.keys(pages).length} pages`)
  }
  await writeFile(join(folder, 'README.md'), gallery())
} finally {
  await instance.stop()
  gateway.close()
  removeFolder(home)
}
say(complaints.length === 0 ? 'no complaint of the console' : complaints.join('\n'))
process.exitCode = complaints.length === 0 ? 0 : 1
