import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../config.ts'
import { composeSchema } from './compose-schema.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const text = read('docker-compose.yml')

interface Service {
  environment?: Record<string, string>
  volumes: string[]
  ports?: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, unknown>
  secrets?: string[]
}
const compose = parse(text) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  secrets: Record<string, { environment: string }>
}
const services = Object.entries(compose.services)
const validate = new Ajv({ allErrors: true }).compile(composeSchema)

describe('schema', () => {
  test('docker-compose.yml is valid', () => {
    validate(parse(text))
    expect(validate.errors).toBeNull()
  })

  test.each([
    ['a key that does not exist', (file: string) => file.replace('restart:', 'restarts:')],
    ['a condition that does not exist', (file: string) => file.replace('service_healthy', 'healthy')],
    ['a duration without a unit', (file: string) => file.replace('interval: 5s', 'interval: 5')],
    ['a port without an address', (file: string) => file.replace("'127.0.0.1:8080:8080'", '8080')],
    ['a test that YAML takes for a map', (file: string) => file.replace('- node\n', '- node: x\n')],
    ['no image', (file: string) => file.replace(/image: prom.*\n +/, '')],
  ])('refuses %s', (_, spoil) => {
    expect(spoil(text)).not.toBe(text)
    expect(validate(parse(spoil(text)))).toBe(false)
  })
})

test('services: ClickHouse, Inferwatch, Grafana, Prometheus', () => {
  expect(Object.keys(compose.services)).toEqual(['clickhouse', 'inferwatch', 'grafana', 'prometheus'])
})

test.each(services)('what %s mounts from here exists, volumes and services are declared', (_, service) => {
  const sources = service.volumes.map((volume) => volume.split(':')[0] ?? '')
  const missing = sources.filter((source) =>
    source.startsWith('.') ? !existsSync(join(root, source)) : !Object.hasOwn(compose.volumes, source),
  )
  expect(missing).toEqual([])
  for (const name of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(name)
  for (const name of service.secrets ?? []) expect(compose.secrets).toHaveProperty(name)
})

test.each(services)('%s is reachable from this machine only', (_, { ports = [] }) => {
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
})

test('secrets have no default: compose refuses to start without them, and the example lists them', () => {
  const variables = [...text.matchAll(/\$\{(\w+)(.*?)\}/g)]
  for (const [, , rest] of variables) expect(rest).toMatch(/^:\?./)
  const names = new Set(variables.map(([, name]) => name))
  const example = [...read('grafana/compose.env.example').matchAll(/^(\w+)=(.*)$/gm)]
  expect(new Set(example.map(([, name]) => name))).toEqual(names)
  for (const [, , value] of example) expect(value).toBe('')
  expect(compose.secrets['inferwatch_dashboard_key']?.environment).toBe('INFERWATCH_DASHBOARD_KEY')
})

describe('the configuration of the container', () => {
  const environment = Object.fromEntries(
    Object.keys(compose.services['inferwatch']?.environment ?? {}).map((name) => [name, `${name} of the test`]),
  )
  const yaml = read('grafana/inferwatch.yaml')

  test('is valid with the variables that compose passes, and off loopback with keys', () => {
    const config = parseConfig(yaml, 'inferwatch.yaml', environment)
    expect(config.clickhouse).toMatchObject({ url: 'http://clickhouse:8123', database: 'inferwatch' })
    expect(config.dashboard.api_keys).toEqual(['INFERWATCH_DASHBOARD_KEY of the test'])
    expect(config.ingest.api_keys).toEqual(['INFERWATCH_INGEST_KEY of the test'])
  })

  test.each(['CLICKHOUSE_PASSWORD', 'INFERWATCH_DASHBOARD_KEY', 'INFERWATCH_INGEST_KEY'])('needs %s', (name) => {
    const { [name]: _, ...rest } = environment
    expect(() => parseConfig(yaml, 'inferwatch.yaml', rest)).toThrow(name)
  })

  test('its suggestion of targets is valid too', () => {
    const uncommented = yaml.replaceAll(/^# (?=scrape| )/gm, '')
    expect(parseConfig(uncommented, 'inferwatch.yaml', environment).scrape.targets).toHaveLength(2)
  })

  test('ports, paths and users agree with compose', () => {
    const config = parseConfig(yaml, 'inferwatch.yaml', environment)
    const service = compose.services['inferwatch']
    const ports = service?.ports?.map((port) => port.split(':').at(-1))
    const { dashboard, otlp_http, otlp_grpc } = config.listen
    expect(ports).toEqual([dashboard, otlp_http, otlp_grpc].map((address) => address.split(':')[1]))
    expect(service?.healthcheck?.test.join(' ')).toContain('http://127.0.0.1:8080/readyz')
    expect(service?.volumes).toContain(`./grafana/inferwatch.yaml:${service?.environment?.['INFERWATCH_CONFIG']}:ro`)
    expect(config.clickhouse.username).toBe(compose.services['clickhouse']?.environment?.['CLICKHOUSE_USER'])
    expect(config.clickhouse.database).toBe(compose.services['clickhouse']?.environment?.['CLICKHOUSE_DB'])
  })
})

test('Prometheus asks the dashboard for its metrics, with the key', () => {
  const { scrape_configs: jobs } = parse(read('grafana/prometheus.yml')) as {
    scrape_configs: { authorization: { credentials_file: string }; static_configs: { targets: string[] }[] }[]
  }
  expect(jobs).toMatchObject([
    {
      authorization: { credentials_file: '/run/secrets/inferwatch_dashboard_key' },
      static_configs: [{ targets: ['inferwatch:8080'] }],
    },
  ])
})

test('what the container runs exists', () => {
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts
  expect(text).toContain('npm ci && exec npm start')
  expect(scripts['start']).toBe('node main.ts serve')
  expect(read('.gitignore')).toMatch(/^\/\.env$/m)
})
