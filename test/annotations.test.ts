/** Marks of the whole product: from a shell, from a pipeline, and from a configuration that changed. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, startInstance, type Instance } from './support/instance.ts'

const main = new URL('../main.ts', import.meta.url).pathname
const run = promisify(execFile)
const rule = { alert: 'Slow', kind: 'latency', above: '1s' }
const keys = { ingest: { api_keys: ['key-of-the-pipeline'] }, dashboard: { api_keys: ['key-of-people-who-look'] } }

let folder: string
let instance: Instance
beforeAll(async () => {
  folder = instanceFolder({ ...keys, alerts: { rules: ['rules.yaml'], shipped_rules: false } })
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
  instance = await startInstance(folder)
})
afterAll(async () => {
  await instance?.stop()
  removeFolder(folder)
})

async function changes() {
  const response = await fetch(`${instance.urls.dashboard}/api/changes?range=1h`, {
    headers: { authorization: 'Bearer key-of-people-who-look' },
  })
  const body = (await response.json()) as { changes: { kind: string; title: string; text: string; scope: object }[] }
  return body.changes
}
const marked = (title: string) =>
  eventually(title, async () => (await changes()).find((change) => change.title.startsWith(title)) ?? null, 30_000)

test('a command and a pipeline with the key for telemetry mark what they do', async () => {
  const config = ['--config', join(folder, 'inferwatch.yaml')]
  const { stdout } = await run(process.execPath, [main, 'annotate', 'Scaled out', '--endpoint', 'chat', ...config])
  expect(stdout).toMatch(/^[\w-]{36}: note "Scaled out" at \S+Z endpoint=chat\n$/)
  const posted = await fetch(`${instance.urls.dashboard}/api/annotations`, {
    method: 'POST',
    headers: { authorization: 'Bearer key-of-the-pipeline' },
    body: JSON.stringify({ title: 'vLLM 0.11', kind: 'deploy' }),
  })
  expect(posted.status).toBe(200)
  expect(await marked('Scaled out')).toMatchObject({ kind: 'note', scope: { endpoint: 'chat' } })
  expect(await marked('vLLM 0.11')).toMatchObject({ kind: 'deploy' })
})

test('a configuration that changed is marked with what changed, and no secret', async () => {
  const file = join(folder, 'inferwatch.yaml')
  const text = readFileSync(file, 'utf8').replace('key-of-the-pipeline', 'another-key-of-the-pipeline')
  writeFileSync(file, `${text}scrape: { interval: 20s }\n`)
  const mark = await marked('Configuration: ')
  expect(mark).toMatchObject({ kind: 'config', title: 'Configuration: ingest.api_keys[0], scrape.interval' })
  expect(mark.text.split('\n').toSorted()).toEqual(['ingest.api_keys[0]: changed', 'scrape.interval: 10s → 20s'])
  writeFileSync(
    join(folder, 'rules.yaml'),
    JSON.stringify({
      groups: [
        {
          name: 'g',
          rules: [
            { ...rule, above: '2s' },
            { ...rule, alert: 'Slower' },
          ],
        },
      ],
    }),
  )
  expect(await marked('Configuration: rule g/Slow')).toMatchObject({
    text: 'rule g/Slow: changed\nrule g/Slower: added',
  })
})
