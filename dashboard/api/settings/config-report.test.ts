/** What is shown of the configuration: every value with its origin, and no secret, wherever one may stand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { declaredIn, settingsOf } from './config-report.ts'
import { loadConfig } from '../../../config.ts'

const folder = mkdtempSync(join(tmpdir(), 'inferwatch-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function load(text: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, 'inferwatch.yaml')
  writeFileSync(file, text)
  return loadConfig(file, env)
}

function report(text: string, env: NodeJS.ProcessEnv = {}) {
  const { config, written } = load(text, env)
  const settings = settingsOf(config, written, env)
  return { settings, of: (path: string) => settings.find((one) => one.path === path) }
}

test('each value says where it comes from, and what it means', () => {
  const { of } = report('log_level: warn\ncontent: "${MODE}"\nretention: { spans_days: 7 }\n', { MODE: 'off' })
  expect(of('log_level')).toMatchObject({ value: 'warn', origin: 'file' })
  expect(of('retention.spans_days')).toMatchObject({ value: '7', origin: 'file' })
  expect(of('retention.requests_days')).toMatchObject({ value: '90', origin: 'default' })
  expect(of('retention.requests_days')?.about).toBe('Days that requests are kept, counted from when a row was stored')
  expect(of('content')).toMatchObject({ value: '${MODE}', origin: 'environment', variables: ['MODE'] })
  expect(of('endpoints')).toMatchObject({ value: '[]', origin: 'default' })
})

test('a variable that is not set leaves its default in force, which stands in the file', () => {
  const { of } = report('log_level: ${LEVEL:-warn}\n')
  expect(of('log_level')).toMatchObject({ value: '${LEVEL}', origin: 'file', variables: ['LEVEL'] })
})

describe('no secret is in it', () => {
  const secrets = {
    dashboard: 'dash-secret-key-000001',
    ingest: 'ingest-secret-key-00001',
    proxy: 'proxy-secret-key-000001',
    hash: `sha256:${'ab'.repeat(32)}`,
    upstream: 'sk-upstream-secret',
    query: 'query-secret-1',
    user: 'user-secret-1',
    header: 'Bearer header-secret',
    hook: 'T0/B0/hook-secret',
    signing: 'whsec_signing-secret',
    beat: 'beat-secret-1',
    scrape: 'scrape-secret-1',
    fallback: 'fallback-secret',
    database: 'database-secret',
    aws: 'aws-secret-access',
    env: 'env-secret-1',
  }
  const text = `
dashboard: { api_keys: ["${secrets.dashboard}"] }
ingest: { api_keys: ["${secrets.ingest}"] }
proxy: { api_keys: ["${secrets.proxy}"], keys: [{ name: search, hash: "${secrets.hash}" }] }
clickhouse: { url: "https://${secrets.user}:p@${secrets.database}@ch.example.com:8443/?http_header_x-token=${secrets.query}", password: "\${CH_PASSWORD:-${secrets.fallback}}" }
endpoints:
  - { name: gpt, upstream: "https://api.example.com/v1", api_key: "${secrets.upstream}" }
  - name: claude
    upstream: "https://claude.example.com"
    probes: [{ type: completion, model: claude, headers: { authorization: "${secrets.header}" } }]
  - { name: bedrock, aws: { region: us-east-1, access_key_id: AKIAEXAMPLE, secret_access_key: "${secrets.aws}" } }
scrape:
  auth: { bearer_token: "${secrets.scrape}" }
  targets: [{ url: "http://${secrets.user}@vllm-1:8000/metrics?key=${secrets.query}", labels: { note: "as ${secrets.scrape}" } }]
alerts:
  receivers:
    - name: on-call
      heartbeat: { url: "https://beat.example.com/${secrets.beat}" }
      notify:
        - { type: slack, webhook_url: "https://hooks.slack.com/services/${secrets.hook}" }
        - { type: webhook, url: "https://example.com/${secrets.hook}", secret: "${secrets.signing}", headers: { x: "${secrets.header}" } }
        - { type: command, command: [notify, "${secrets.env}"], env: { PIN: "${secrets.env}" } }
  route: { receiver: on-call }
`
  test('whatever key it stands at', () => {
    const { config, written } = load(text)
    const shown = JSON.stringify([settingsOf(config, written, {}), declaredIn(config)])
    for (const [where, secret] of Object.entries(secrets))
      expect([where, shown.includes(secret)]).toEqual([where, false])
  })

  test('while what is none is there', () => {
    const { of, settings } = report(text)
    expect(of('dashboard.api_keys[0]')).toMatchObject({ value: '', secret: true, origin: 'file' })
    expect(of('clickhouse.password')).toMatchObject({ value: '', secret: true, variables: ['CH_PASSWORD'] })
    expect(of('clickhouse.url')?.value).toBe('https://…@ch.example.com:8443/?…')
    expect(of('endpoints[0].upstream')?.value).toBe('https://api.example.com/v1')
    expect(of('proxy.keys[0].name')?.value).toBe('search')
    expect(of('proxy.require_key')).toMatchObject({ value: 'false', secret: false })
    expect(of('alerts.receivers[0].notify[1].url')?.value).toBe('https://example.com/…')
    expect(of('scrape.targets[0].labels.note')?.value).toBe('as …')
    expect(of('attribution.api_key')?.value).toBe('[]')
    expect(settings.filter(({ secret, value }) => secret && value !== '')).toEqual([])
  })
})

test('what is declared says where it stands', () => {
  const { config } = load(
    'endpoints:\n  - { name: a b, upstream: "http://h:1/x", gpu_hour_usd: 2.5 }\n  - { name: b, kind: anthropic }\nscrape:\n  targets: [{ url: "http://h:2/metrics?t=1", endpoint: b }]\n',
  )
  expect(declaredIn(config).targets).toEqual([{ url: 'http://h:2/metrics?…', key: 'scrape.targets[0]', endpoint: 'b' }])
  expect(declaredIn(config).endpoints[1]).toEqual({
    name: 'b',
    key: 'endpoints[1]',
    kind: 'anthropic',
    upstream: null,
    proxied: null,
    probes: 0,
    gpu_hour_usd: null,
  })
})
