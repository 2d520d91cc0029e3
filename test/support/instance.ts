/** The whole product as a child process, as `npm start` runs it, on free ports and a data directory of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { z } from 'zod'
import { copyTemplate } from '../../storage/testing.ts'

const main = new URL('../../main.ts', import.meta.url).pathname
const runInfo = z.object({
  pid: z.number(),
  clickhouse: z.string(),
  dashboard: z.string(),
  otlp_http: z.string(),
  otlp_grpc: z.string(),
})

export interface Instance {
  folder: string
  pid: number
  urls: z.infer<typeof runInfo>
  /** What the process wrote to stdout and stderr so far. */
  output(): string
  /** Process id of the embedded engine, or null while it restarts. */
  enginePid(): number | null
  kill(signal: NodeJS.Signals): void
  /** Resolves with the exit code once the process is gone. */
  exited: Promise<number | null>
  /** SIGTERM, then waits; removes nothing. */
  stop(): Promise<number | null>
}

/** A temporary folder with an inferwatch.yaml that listens on free ports. The first start finds a migrated database, or makes all anew. */
export function instanceFolder(config: object = {}, data: 'migrated' | 'none' = 'migrated'): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-e2e-'))
  if (data === 'migrated') copyTemplate(join(folder, 'data'))
  const listen = {
    dashboard: '127.0.0.1:0',
    otlp_http: '127.0.0.1:0',
    otlp_grpc: '127.0.0.1:0',
    clickhouse: '127.0.0.1:0',
  }
  writeFileSync(
    join(folder, 'inferwatch.yaml'),
    stringify({ data_dir: './data', listen, log_level: 'warn', ...config }),
  )
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** Starts `serve` in a folder of `instanceFolder`. Resolves once it announced its addresses; rejects with its output if it ends first. */
export async function startInstance(
  folder: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Instance> {
  let output = ''
  const child = spawn(process.execPath, [main, 'serve', '--config', join(folder, 'inferwatch.yaml'), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const urls = await Promise.race([
    announced(folder, child),
    exited.then((code) => Promise.reject(new Error(`serve ended with ${code}:\n${output}`))),
  ])
  const pid = child.pid ?? 0
  return {
    folder,
    pid,
    urls,
    output: () => output,
    enginePid: () => engineOf(pid),
    kill: (signal) => void child.kill(signal),
    exited,
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

async function announced(folder: string, child: ChildProcess): Promise<z.infer<typeof runInfo>> {
  while (child.exitCode === null) {
    try {
      const info = runInfo.parse(JSON.parse(readFileSync(join(folder, 'data', 'run.json'), 'utf8')))
      if (info.pid === child.pid) return info
    } catch {
      // Not written yet, or half written.
    }
    await sleep(20)
  }
  throw new Error('ended before it announced its addresses')
}

/** The engine is the child of the main process with this title. */
function engineOf(pid: number): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
    const found = children.find((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('inferwatch-clickhouse'))
    return found === undefined ? null : Number(found)
  } catch {
    return null
  }
}

/** Rows of a query on the instance's SQL endpoint, as the reader. */
export async function sql<Row>(instance: Pick<Instance, 'urls'>, query: string): Promise<Row[]> {
  const response = await fetch(`${instance.urls.clickhouse}/?user=reader&database=inferwatch`, {
    method: 'POST',
    body: `${query} FORMAT JSONEachRow`,
  })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
}
