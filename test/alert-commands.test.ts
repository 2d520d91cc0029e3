/** `inferwatch alerts …` as typed, each a process of its own. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instanceFolder, removeFolder } from './support/instance.ts'

const main = new URL('../main.ts', import.meta.url).pathname
const run = promisify(execFile)
const patience = 240_000

let folder: string
beforeAll(() => {
  folder = instanceFolder({ alerts: { rules: ['rules.yaml'], shipped_rules: false } })
  const rule = { alert: 'Errors', kind: 'error_ratio', above: '10%', by: ['model'] }
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
})
afterAll(() => removeFolder(folder))

async function alerts(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const env = { ...process.env, INFERWATCH_CONFIG: join(folder, 'inferwatch.yaml') }
  return run(process.execPath, [main, 'alerts', ...args], { cwd: folder, env }).then(
    (output) => ({ ...output, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  )
}

test(
  'test: exit code 1 when an alert is not as expected',
  async () => {
    const rows = { requests: [{ every: '1s', count: 30, model: 'm', duration_ms: 5, status: 'error' }] }
    const expectation = { eval_time: '1m', alertname: 'Errors', exp_alerts: [{ exp_labels: { model: 'm' } }] }
    const file = (tests: object[]) => JSON.stringify({ rule_files: ['rules.yaml'], tests })
    writeFileSync(join(folder, 'a.test.yaml'), file([{ rows, alert_rule_test: [expectation] }]))
    const passed = await alerts('test', 'a.test.yaml', '--junit', 'junit.xml')
    expect(passed).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 passed, 0 failed\n$/) })
    writeFileSync(join(folder, 'b.test.yaml'), file([{ alert_rule_test: [expectation] }]))
    const failed = await alerts('test', 'a.test.yaml', 'b.test.yaml')
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/does not fire\n1 passed, 1 failed\n$/) })
  },
  patience,
)

test(
  'check and backtest, over the data folder',
  async () => {
    expect(await alerts('check', '--against')).toMatchObject({ code: 0, stdout: '1 rule in 1 file: ok\n' })
    const { stdout } = await alerts('backtest', '--from', '1h', '--pages-per-week', '2')
    expect(stdout).toMatch(/^g\/Errors above 10%\n {2}did not fire in 1\d\d evaluations over 1h 00m\n/)
    const wrong = await alerts('backtest', '--from', '1h', '--rule', 'Nope')
    expect(wrong).toMatchObject({ code: 1, stderr: 'error: --rule: there is no rule Nope; known: Errors\n' })
  },
  patience,
)

test('import: YAML on one side, what does not carry over on the other', async () => {
  const rules = [
    { alert: 'A', expr: 'select 1 as value' },
    { alert: 'B', expr: 'up == 0' },
  ]
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ groups: [{ name: 'p', rules }] }))
  const { stdout, stderr } = await alerts('import', 'prometheus.yml')
  expect(stdout).toMatch(/\n {6}- alert: A\n {8}sql: select 1 as value\n$/)
  expect(stderr).toBe(
    'prometheus.yml:1: B: PromQL cannot be carried over: write it as SQL, or as one of our kinds: not carried over\n' +
      '1 of 2 rules; 1 notes\n',
  )
})

test(
  'notify: exit code 1 for a receiver that does not answer',
  async () => {
    writeFileSync(
      join(folder, 'notify.yaml'),
      JSON.stringify({
        alerts: { receivers: [{ name: 'away', notify: [{ type: 'webhook', url: 'http://127.0.0.1:1/' }] }] },
      }),
    )
    const { stdout, code } = await alerts('notify', '--receiver', 'away', '--config', 'notify.yaml')
    expect(stdout).toMatch(/^webhook: failed: .+\n$/)
    expect(code).toBe(1)
  },
  patience,
)
