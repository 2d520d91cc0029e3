/** `node main.ts alerts test`: unit tests of rules, without touching a running instance. */
import { glob, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Logger } from 'pino'
import { errorCode } from '../../records/error-code.ts'
import type { Progress } from '../../storage/progress.ts'
import { parseRuleFile } from '../rule-file.ts'
import type { RuleGroup } from '../rule.ts'
import { ConfigError } from '../yaml-file.ts'
import { junitReport, textReport } from './report.ts'
import { runTests, type LoadedTestFile, type TestResult } from './run.ts'
import { startScratch } from './scratch.ts'
import { parseTestFile } from './test-file.ts'

export interface TestFlags {
  /** A regular expression: only tests whose name it matches. */
  run?: string
  /** Where JUnit XML goes. */
  junit?: string
}

/** Prints the results; whether every test passed. Throws ConfigError on files that can't be used. */
export async function testCommand(
  paths: readonly string[],
  { run, junit }: TestFlags,
  { log, progress, print }: { log: Logger; progress: Progress; print: (line: string) => void },
): Promise<boolean> {
  const files = await loadTestFiles(paths, run)
  const total = files.reduce((sum, { tests }) => sum + tests.length, 0)
  if (total === 0) throw new ConfigError(`--run: no test has a name that matches ${run}`)
  const results: TestResult[] = []
  progress.start(total)
  try {
    const scratch = await startScratch(log)
    try {
      for await (const result of runTests(files, scratch)) {
        results.push(result)
        progress.update(
          results.length,
          results.reduce((sum, { evaluations }) => sum + evaluations, 0),
        )
      }
    } finally {
      await scratch.stop()
    }
  } finally {
    progress.stop()
  }
  for (const line of textReport(results)) print(line)
  if (junit !== undefined) await writeFile(junit, junitReport(results))
  return results.every(({ failure }) => failure.length === 0)
}

/** The files with their rules, reduced to the tests that `run` matches. */
export async function loadTestFiles(paths: readonly string[], run?: string): Promise<LoadedTestFile[]> {
  const wanted = patternOf(run)
  return Promise.all(paths.map((path) => loadTestFile(path, wanted)))
}

function patternOf(run = ''): RegExp {
  try {
    return new RegExp(run)
  } catch (cause) {
    throw new ConfigError(`--run: "${run}" is no regular expression`, { cause })
  }
}

async function loadTestFile(path: string, wanted: RegExp): Promise<LoadedTestFile> {
  const file = parseTestFile(await readText(path), path)
  const names = await ruleFiles(file.rule_files, path)
  const parsed = await Promise.all(names.map(async (name) => parseRuleFile(await readText(name), name)))
  const problems = parsed.flatMap((one) => one.problems)
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  const groups: RuleGroup[] = parsed.flatMap((one) => one.groups)
  return { ...file, groups, tests: file.tests.filter(({ name }) => wanted.test(name)) }
}

async function ruleFiles(patterns: readonly string[], path: string): Promise<string[]> {
  const found = new Set<string>()
  const cwd = dirname(path)
  for (const pattern of patterns) {
    const before = found.size
    for await (const file of glob(pattern, { cwd })) found.add(resolve(cwd, file))
    if (found.size === before && !found.has(resolve(cwd, pattern)))
      throw new ConfigError(`${path}: rule_files: "${pattern}" is not there; expected a file relative to ${cwd}`)
  }
  return [...found].sort()
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path}: cannot be read (${errorCode(cause)})`, { cause })
  })
}
