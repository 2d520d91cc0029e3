/**
 * Damaged requests against a real receiver: it never crashes, answers every one within 5 s, keeps its memory bounded, and
 * says 5xx only as 503. `npm run fuzz` runs 200,000; `npm test` some. Who gets no answer in time is asked again alone, so
 * that a busy machine is not taken for a request that hangs.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fuzzCase, type FuzzCase } from './cases.ts'
import { corpus } from './corpus.ts'
import { otlpGrpc, otlpHttp, rawHttp, type Intake } from './intake.ts'
import type { Addresses } from './receiver.ts'

const answerWithinMs = 5_000
const atOnce = 12
const mostRssBytes = 1_200 * 2 ** 20
const samples = corpus()
const kept = new URL('../.output/fuzz/', import.meta.url)

export interface FuzzReport {
  sent: number
  seed: number
  /** Answers by status; `closed`: the connection ended without one. */
  statuses: Record<string, number>
  /** Requests that were asked again alone. */
  late: number
  /** At most ten, each with a file of its body. */
  failures: string[]
  most_rss_mb: number
  /** What the receiver counted. */
  issues: Record<string, number>
}

interface Options {
  count: number
  seed: number
  onProgress?: (sent: number) => void
}

export async function fuzz({ count, seed, onProgress = () => {} }: Options): Promise<FuzzReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-fuzz-'))
  const receiver = fork(new URL('receiver.ts', import.meta.url), [dataDir], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  receiver.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const [{ http, grpc }] = (await once(receiver, 'message')) as [Addresses]
  const intakes = [otlpHttp(http), rawHttp(http), otlpGrpc(grpc)]
  const report: FuzzReport = { sent: 0, seed, statuses: {}, late: 0, failures: [], most_rss_mb: 0, issues: {} }
  const late: number[] = []
  let number = 0

  const fail = (at: number, made: FuzzCase, intake: Intake, what: string) => {
    if (report.failures.length >= 10) return
    mkdirSync(kept, { recursive: true })
    const file = new URL(`${seed}-${at}.body`, kept).pathname
    writeFileSync(file, made.body)
    report.failures.push(`seed ${seed}, number ${at}, ${intake.name} ${made.signal}, ${made.recipe}: ${what} (${file})`)
  }
  /** False when there was no answer in time. */
  const sendOne = async (at: number): Promise<boolean> => {
    const made = fuzzCase(seed, at, samples)
    const intake = intakes[at % 40 === 39 ? 1 : at % 3 === 2 ? 2 : 0] as Intake
    const answer = await intake.send(made, AbortSignal.timeout(answerWithinMs)).catch(() => null)
    if (!alive(receiver)) fail(at, made, intake, `the receiver died: ${said}`)
    if (answer === null) return false
    const { status, text } = answer
    const key = status === null ? 'closed' : String(status)
    report.statuses[key] = (report.statuses[key] ?? 0) + 1
    if (status !== null && status >= 500 && status !== 503) fail(at, made, intake, `answered ${status}: ${text}`)
    return true
  }
  const sender = async () => {
    while (number < count && report.failures.length < 10 && alive(receiver)) {
      const at = number++
      if (!(await sendOne(at))) late.push(at)
      report.sent++
      if (report.sent % 100 === 0) watchMemory()
      onProgress(report.sent)
    }
  }
  const watchMemory = () => {
    const rss = rssBytes(receiver.pid ?? 0)
    report.most_rss_mb = Math.max(report.most_rss_mb, Math.round(rss / 2 ** 20))
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, sender))
    report.late = late.length
    for (const at of late)
      if (alive(receiver) && !(await sendOne(at)))
        fail(
          at,
          fuzzCase(seed, at, samples),
          intakes[0] as Intake,
          `no answer within ${answerWithinMs / 1000} s, alone`,
        )
    if (!alive(receiver)) report.failures.push(`the receiver died: ${said}`)
    else {
      watchMemory()
      receiver.send('issues')
      const [issues] = (await once(receiver, 'message')) as [Record<string, number>]
      report.issues = issues
    }
    if (report.most_rss_mb * 2 ** 20 > mostRssBytes) report.failures.push(`memory grew to ${report.most_rss_mb} MiB`)
    return report
  } finally {
    for (const intake of intakes) intake.close()
    receiver.kill('SIGKILL')
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

const alive = (process: ChildProcess) => process.exitCode === null && process.signalCode === null

function rssBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
