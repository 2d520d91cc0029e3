/**
 * Runs a program with the webhook's message on its standard input. Never a shell: labels come from callers. The program sees PATH,
 * HOME, LANG, TZ and what `env` sets, nothing else of our environment. Exit code 0 is sent, 75 (EX_TEMPFAIL) tries again.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { z } from 'zod'
import { webhookMessage } from './alertmanager-shape.ts'
import { channelFields } from './channel-fields.ts'
import { DeliveryError, defineNotifier } from './notifier.ts'

const outputLimitBytes = 64 * 1024
const tryAgainCode = 75
const passedOn = ['PATH', 'HOME', 'LANG', 'TZ'] as const

export const command = defineNotifier({
  type: 'command',
  config: z.strictObject({
    type: z.literal('command'),
    ...channelFields,
    command: z.array(z.string()).min(1).describe('The program and its arguments; no shell reads them'),
    env: z.record(z.string(), z.string()).default({}).describe('Environment variables of the program'),
    timeout_s: z.number().gt(0).max(60).default(10).describe('The program is killed after this many seconds'),
  }),
  example: { type: 'command', command: ['/usr/local/bin/page-someone', '--team', 'inference'] },

  async send(notification, { command, env, timeout_s }, { signal, redact }) {
    const ended = AbortSignal.any([signal, AbortSignal.timeout(timeout_s * 1000)])
    const input = JSON.stringify(webhookMessage(notification))
    const { code, killed, output } = await run(command, { ...inherited(), ...env }, input, ended)
    if (code === 0) return null
    const why = killed
      ? signal.aborted
        ? 'stopped'
        : `the program took longer than ${timeout_s} s and was killed`
      : `the program ended with ${code === null ? 'a signal' : `exit code ${code}`}`
    throw new DeliveryError(`${why} ${redact(output).slice(0, 300)}`.trimEnd(), {
      retryable: code === null || code === tryAgainCode,
    })
  },

  preview: (notification, { command }) =>
    Promise.resolve([command.join(' '), JSON.stringify(webhookMessage(notification), null, 2)].join('\n')),
})

function inherited(): Record<string, string> {
  return Object.fromEntries(passedOn.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

interface Ended {
  /** Null when a signal ended it. */
  code: number | null
  killed: boolean
  /** The beginning of what it wrote to standard error, and to standard output. */
  output: string
}

function run(
  [program = '', ...args]: string[],
  env: Record<string, string>,
  input: string,
  ended: AbortSignal,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the program started ends with it.
    const child = spawn(program, args, { env, shell: false, detached: true, stdio: 'pipe' })
    let output = ''
    const take = (chunk: Buffer) => {
      if (output.length < outputLimitBytes) output += chunk.toString('utf8')
    }
    child.stderr.on('data', take)
    child.stdout.on('data', take)
    // It may end without reading all.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const kill = () => killGroup(child)
    if (ended.aborted) kill()
    ended.addEventListener('abort', kill, { once: true })
    child.on('error', (error) => {
      const reason = 'code' in error ? String(error.code) : error.name
      reject(new DeliveryError(`the program could not be started (${reason})`, { retryable: false }))
    })
    // Not `close`: a grandchild that keeps the pipes open must not hold up the channel.
    child.on('exit', (code) => {
      ended.removeEventListener('abort', kill)
      setImmediate(() => {
        killGroup(child)
        child.stdout.destroy()
        child.stderr.destroy()
        resolve({ code, killed: ended.aborted, output })
      })
    })
  })
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is over already.
  }
}
