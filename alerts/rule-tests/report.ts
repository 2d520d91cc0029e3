/** Results of rule tests as text for people and as JUnit XML for CI. Pure. */
import { counted } from '../../records/counted.ts'
import type { TestResult } from './run.ts'

/** One line per test, what differs below it, a count at the end. */
export function textReport(results: readonly TestResult[]): string[] {
  const files = Map.groupBy(results, ({ file }) => file)
  const lines = [...files].flatMap(([file, tests]) => [file].concat(tests.flatMap(testLines)))
  const failed = results.filter(({ failure }) => failure.length > 0).length
  return [...lines, `${results.length - failed} passed, ${failed} failed`]
}

function testLines({ name, failure, duration_ms, evaluations }: TestResult): string[] {
  const mark = failure.length > 0 ? 'FAIL' : 'ok  '
  const took = `${counted(evaluations, 'evaluation')}, ${(duration_ms / 1000).toFixed(2)} s`
  return [`  ${mark} ${name} (${took})`, ...failure.map((line) => `       ${line}`)]
}

export function junitReport(results: readonly TestResult[]): string {
  const suites = [...Map.groupBy(results, ({ file }) => file)].map(([file, tests]) => {
    const cases = tests.map((test) => testCase(test)).join('')
    return `  <testsuite name="${xml(file)}" ${counts(tests)}>\n${cases}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(results)}>\n${suites.join('')}</testsuites>\n`
}

function counts(tests: readonly TestResult[]): string {
  const failures = tests.filter(({ failure }) => failure.length > 0).length
  const time = tests.reduce((sum, { duration_ms }) => sum + duration_ms, 0)
  return `tests="${tests.length}" failures="${failures}" errors="0" time="${seconds(time)}"`
}

function testCase({ file, name, duration_ms, failure }: TestResult): string {
  const open = `    <testcase classname="${xml(file)}" name="${xml(name)}" time="${seconds(duration_ms)}"`
  if (failure.length === 0) return `${open}/>\n`
  const [first = ''] = failure
  return `${open}>\n      <failure message="${xml(first)}">${xml(failure.join('\n'))}</failure>\n    </testcase>\n`
}

const seconds = (ms: number) => (ms / 1000).toFixed(3)

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Characters that XML cannot hold at all become a question mark. */
function xml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- these are the ones meant
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
      .replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? letter)
  )
}
