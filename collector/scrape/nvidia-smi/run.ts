/** Runs `nvidia-smi` on this host, bounded in time and size, and says in one sentence what is wrong when it fails. */
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ScrapeError } from '../scrape-error.ts'
import { CsvQuery } from './csv.ts'
import { nvidiaSmiPage } from './page.ts'

export interface NvidiaSmiOptions {
  /** `csv` costs less and says less. */
  format?: 'xml' | 'csv'
  timeoutMs: number
  maxBytes: number
}

/** A question and how its answer becomes a metrics page. */
interface Query {
  arguments(): string[]
  /** Throws when the answer is not a whole one. */
  page(output: string): string
  /** Whether, after what it said, the question is now another one. */
  adapts(said: string): boolean
}

const xmlQuery: Query = { arguments: () => ['-q', '-x'], page: nvidiaSmiPage, adapts: () => false }

/** One `nvidia-smi`, asked again and again. */
export class NvidiaSmi {
  readonly #path: string
  readonly #options: NvidiaSmiOptions
  readonly #query: Query
  /** Killed and not gone yet. */
  #stuck: ChildProcess | null = null

  constructor(path: string, options: NvidiaSmiOptions) {
    this.#path = path
    this.#options = options
    this.#query = options.format === 'csv' ? new CsvQuery() : xmlQuery
  }

  /** A metrics page of every GPU. Throws ScrapeError. */
  async page(signal: AbortSignal): Promise<string> {
    // One that waits for a driver that hangs can't be killed, and a second would hang beside it.
    if (this.#stuck)
      throw new ScrapeError(
        'nvidia_smi_hangs',
        'nvidia-smi was killed and is still there: the driver hangs; look for NVRM in dmesg, then reset the GPU or reboot',
      )
    const { code, output, errors } = await this.#run(signal)
    if (code !== 0 && this.#query.adapts(`${output}\n${errors}`)) return this.page(signal)
    try {
      return this.#query.page(output)
    } catch (cause) {
      throw exitError(code, output, errors, cause)
    }
  }

  #run(signal: AbortSignal): Promise<{ code: number; output: string; errors: string }> {
    const { timeoutMs, maxBytes } = this.#options
    return new Promise((resolve, reject) => {
      const child = spawn(this.#path, this.#query.arguments(), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LC_ALL: 'C' },
      })
      const output: Buffer[] = []
      let [bytes, errors, over] = [0, '', false]
      const end = (error?: Error) => {
        if (over) return
        over = true
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        if (error) {
          this.#kill(child)
          reject(error)
        }
      }
      const aborted = () => end(new ScrapeError('aborted', 'the scraper stops'))
      const timer = setTimeout(
        () =>
          end(
            new ScrapeError(
              'timeout',
              `nvidia-smi gave no answer within ${timeoutMs} ms: turn persistence mode on (nvidia-persistenced), raise scrape.timeout, or look for NVRM in dmesg`,
            ),
          ),
        timeoutMs,
      )
      signal.addEventListener('abort', aborted)
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes)
          end(new ScrapeError('too_large', `nvidia-smi says more than ${maxBytes} bytes: raise scrape.max_bytes`))
        else output.push(chunk)
      })
      child.stderr.on('data', (chunk: Buffer) => {
        if (errors.length < 1000) errors += chunk.toString()
      })
      child.on('error', (error) => end(startError(this.#path, error)))
      child.on('close', (code) => {
        end()
        resolve({ code: code ?? -1, output: Buffer.concat(output).toString(), errors })
      })
      if (signal.aborted) aborted()
    })
  }

  #kill(child: ChildProcess): void {
    if (child.pid === undefined || child.exitCode !== null) return
    child.stdout?.destroy()
    child.stderr?.destroy()
    this.#stuck = child
    child.once('exit', () => {
      if (this.#stuck === child) this.#stuck = null
    })
    child.kill('SIGKILL')
  }
}

/** Where `nvidia-smi` is, by the PATH of `env`; null when it is not. */
export function findNvidiaSmi(env: NodeJS.ProcessEnv = process.env): string | null {
  const names = process.platform === 'win32' ? ['nvidia-smi.exe'] : ['nvidia-smi']
  const paths = (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '')
  return paths.flatMap((dir) => names.map((name) => join(dir, name))).find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function startError(path: string, error: NodeJS.ErrnoException): ScrapeError {
  const advice =
    error.code === 'ENOENT'
      ? `${path} is not there: install the NVIDIA driver on this host, or write the path as scrape.nvidia_smi.path`
      : `${path} cannot be started: ${error.message}`
  return new ScrapeError('nvidia_smi_missing', advice, { cause: error })
}

/** What nvidia-smi's exit codes mean (its manual, "RETURN VALUE"; 18 is NVML's), and what to do. */
const advices: Record<number, string> = {
  2: 'does not know -q -x: update the NVIDIA driver',
  4: 'may not ask the driver: let this user open /dev/nvidia*',
  6: 'finds no GPU: pass one to this container or machine (docker run --gpus all)',
  8: 'says that a power cable is missing: check the cables of the GPU',
  9: 'cannot reach the driver: load it (modprobe nvidia), or reinstall it for this kernel',
  10: 'says that the kernel has trouble with interrupts of a GPU: look at dmesg',
  12: 'does not find libnvidia-ml.so: install the driver, or run the container with the NVIDIA runtime',
  13: "does not fit the driver's library: install both from one version",
  14: 'says that the infoROM of a GPU is corrupt: have the GPU checked',
  15: 'lost a GPU, it fell off the bus: look for Xid 79 in dmesg, then reset the GPU or reboot',
  18: 'does not fit the loaded driver: it was updated while running; reload it or reboot',
}

function exitError(code: number, output: string, errors: string, cause: unknown): ScrapeError {
  const said = `${errors}\n${output.startsWith('<') ? '' : output}`.trim().split('\n')[0]?.slice(0, 200) ?? ''
  const words = said === '' ? '' : ` (it says: ${said})`
  if (code === 0)
    return new ScrapeError('nvidia_smi_answer', `nvidia-smi's answer cannot be read: ${messageOf(cause)}${words}`, {
      cause,
    })
  const advice = advices[code] ?? 'failed: run nvidia-smi -q -x on this host and look at dmesg'
  return new ScrapeError(`nvidia_smi_${code}`, `nvidia-smi ${advice}; exit code ${code}${words}`, { cause })
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
