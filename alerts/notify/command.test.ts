import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { composeNotification } from '../compose.ts'
import { command } from './command.ts'
import { DeliveryError, type Tools } from './notifier.ts'
import { redactor } from './post.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-command-'))
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const now = Date.UTC(2026, 10, 21, 10)
const group = { receiver: 'r', key: '{}:{alertname="X"}', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }
const labels = { alertname: 'X', model: '$(touch pwned); `id` "' }
const alert = { fingerprint: 'f'.repeat(16), labels, annotations: {}, value: 1, starts_at: now, ends_at: null }
const occasion = { id: 'n', reason: 'first', now, externalUrl: '' } as const
const notification = composeNotification(group, { told: null, outbox: null }, [alert], occasion)

function send(script: string, settings: object = {}, signal = new AbortController().signal) {
  const program = [process.execPath, '-e', script, folder]
  const config = command.config.parse({ type: 'command', command: program, ...settings })
  const tools: Tools = {
    post: () => Promise.reject(new Error('no post')),
    memory: null,
    attempt: 1,
    signal,
    timeoutMs: 10_000,
    redact: redactor(['s3cr3t-value']),
  }
  return command.send(notification, config, tools)
}

const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => expect.unreachable('it was taken'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(DeliveryError)
      return error as DeliveryError
    },
  )

const keep = (what: string) => `require('fs').writeFileSync(process.argv[1] + '/kept', ${what})`
const kept = () => readFileSync(join(folder, 'kept'), 'utf8')

test('the program gets the webhook’s message, and no shell reads it', async () => {
  await send(keep(`require('fs').readFileSync(0, 'utf8')`))
  expect(JSON.parse(kept())).toMatchObject({ version: '4', status: 'firing', alerts: [{ labels }] })
  expect(existsSync(join(process.cwd(), 'pwned'))).toBe(false)
})

test('it sees what env sets, and nothing of our secrets', async () => {
  vi.stubEnv('SOME_SECRET', 's3cr3t-value')
  await send(keep('JSON.stringify(process.env)'), { env: { TEAM: 'sre' } })
  expect(JSON.parse(kept())).toMatchObject({ TEAM: 'sre', PATH: expect.any(String) })
  expect(kept()).not.toContain('s3cr3t-value')
})

test.each([
  ['process.exit(75)', true, 'exit code 75'],
  ['console.error("s3cr3t-value is wrong"); process.exit(3)', false, 'exit code 3 *** is wrong'],
  ['process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 60000)', true, 'a signal'],
])('%s: retryable %s', async (script, retryable, text) => {
  const error = await failure(send(script))
  expect(error).toMatchObject({ retryable, message: expect.stringContaining(text) })
  expect(error.message).not.toContain('s3cr3t-value')
})

test('a program that is not there is no use trying again', async () => {
  expect(await failure(send('', { command: [join(folder, 'nothing')] }))).toMatchObject({
    retryable: false,
    message: expect.stringContaining('ENOENT'),
  })
})

test('one that takes too long is killed', async () => {
  const error = await failure(send('setTimeout(() => {}, 60000)', { timeout_s: 0.2 }))
  expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('longer than 0.2 s') })
})

test('what it started ends with it, though that holds its pipes', async () => {
  rmSync(join(folder, 'kept'), { force: true })
  const child = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit' })`
  const stop = new AbortController()
  const script = `const child = ${child}; ${keep('String(child.pid)')}; setTimeout(() => {}, 60000)`
  const failed = failure(send(script, { timeout_s: 60 }, stop.signal))
  await expect.poll(() => existsSync(join(folder, 'kept')) && kept()).toMatch(/^\d+$/)
  stop.abort()
  expect((await failed).message).toContain('stopped')
  await expect.poll(() => isRunning(Number(kept()))).toBe(false)
})

test('an endless output is cut, and a program that reads nothing is no error', async () => {
  const endless = `for (let i = 0; i < 2000; i++) process.stdout.write('x'.repeat(1000)); process.exitCode = 4`
  expect((await failure(send(endless))).message.length).toBeLessThan(500)
  await send('process.stdin.destroy()')
})

function isRunning(pid: number): boolean {
  try {
    // `Z`: ended, and not yet collected by its parent.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
