import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { promtool } from '../test/support/debian.ts'

const read = (file: string) => parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as unknown

test.skipIf(promtool() === null).each([
  ['check', ['check', 'rules', '--lint-fatal', 'prometheus-rules.yml']],
  ['unit tests', ['test', 'rules', 'prometheus-rules.test.yml']],
])('promtool finds nothing to say: %s', (_, args) => {
  const { status, stdout, stderr } = spawnSync(promtool() ?? '', args, { cwd: import.meta.dirname, encoding: 'utf8' })
  expect({ status, said: stdout + stderr }).toMatchObject({ status: 0 })
})

test('every alert is seen firing in the unit tests', () => {
  const { groups } = read('prometheus-rules.yml') as { groups: { rules: { alert?: string }[] }[] }
  const { tests } = read('prometheus-rules.test.yml') as {
    tests: { alert_rule_test?: { alertname: string; exp_alerts: object[] }[] }[]
  }
  const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []))
  const fired = tests
    .flatMap((each) => each.alert_rule_test ?? [])
    .filter(({ exp_alerts }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname)
  expect(new Set(fired)).toEqual(new Set(alerts))
})

test('the Prometheus of docker-compose.yml evaluates the rules', () => {
  const { rule_files } = read('prometheus.yml') as { rule_files: string[] }
  const { services } = read('../docker-compose.yml') as { services: { prometheus: { volumes: string[] } } }
  expect(services.prometheus.volumes).toContain(`./grafana/prometheus-rules.yml:${rule_files[0]}:ro`)
})
