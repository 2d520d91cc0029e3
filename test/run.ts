/**
 * `npm test`: formatting, lint and types while what tests need is fetched and built, then every test; the last line is the count.
 * Exit code 1 when anything failed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { buildWeb } from '../dashboard/build.ts'
import { setUpClients } from './support/clients.ts'
import { setUpDebianTools } from './support/debian.ts'

const root = new URL('..', import.meta.url).pathname
const output = `${root}test/.output`
const report = `${output}/vitest.json`

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
})

let passed = 0
let failed = 0
let skipped = 0
/** Said at the end, so that no try that failed goes unnoticed. */
let secondTries: string[] = []

/** What it writes comes at its end: several run at once. */
async function check(name: string, command: string, args: string[]): Promise<void> {
  const start = performance.now()
  const child = spawn(`${root}node_modules/.bin/${command}`, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  const ok = status === 0
  if (ok) passed++
  else failed++
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${stdout}${stderr}${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
}

function tests(): void {
  rmSync(report, { force: true })
  const args = [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const { status } = spawnSync(`${root}node_modules/.bin/vitest`, args, { cwd: root, stdio: 'inherit' })
  try {
    const result = vitestReport.parse(JSON.parse(readFileSync(report, 'utf8')))
    passed += result.numPassedTests
    failed += result.numFailedTests
    skipped += result.numPendingTests + result.numTodoTests
    secondTries = secondTriesOf(result)
    // A file that fails outside its tests (an import, a hook) has no failed test of its own.
    if (status !== 0 && result.numFailedTests === 0) failed++
  } catch (error) {
    process.stdout.write(`FAILED tests: no report (${error instanceof Error ? error.message : String(error)})\n`)
    failed++
  }
}

/** A test that passed keeps the failures of tries before. */
function secondTriesOf({ testResults }: z.infer<typeof vitestReport>): string[] {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0)
      .map(({ fullName, failureMessages }) => {
        const [failure] = (failureMessages[0] ?? '').split('\n')
        return `${relative(root, name)}: ${fullName} (first: ${failure})`
      }),
  )
}

mkdirSync(output, { recursive: true })
const noticed = async (notices: Promise<string[]>) => {
  for (const notice of await notices) process.stdout.write(`${notice}\n`)
}
await Promise.all([
  noticed(setUpDebianTools(output)),
  noticed(setUpClients()),
  check('formatting', 'prettier', ['--check', '--log-level=warn', '.']),
  check('lint', 'oxlint', ['-c', '.ci/oxlint.json', '--type-aware', '--deny-warnings']),
  check('types', 'tsc', ['-p', '.']),
  // What is wrong with it is said by the tests, which build it anew.
  buildWeb().catch(() => undefined),
])
tests()
for (const test of secondTries) process.stdout.write(`\npassed at the second try: ${test}\n`)
if (skipped > 0) process.stdout.write(`\n${skipped} skipped\n`)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 ? 1 : 0
