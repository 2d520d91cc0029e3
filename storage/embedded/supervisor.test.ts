/** The engine as a child process: it dies, its parent dies, its directory is taken. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import { startStorage, type Storage } from '../index.ts'
import { RowBinaryWriter } from '../rowbinary.ts'
import { StorageError } from '../storage-error.ts'
import { tables } from '../tables.ts'
import { copyTemplate, testStorageOptions } from '../testing.ts'
import type { StartMessage } from './child.ts'

const directory = mkdtempSync(join(tmpdir(), 'inferwatch-supervisor-'))
const running = new Set<{ stop(): Promise<void> | void }>()
let count = 0

afterEach(async () => {
  for (const one of running) await one.stop()
  running.clear()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function migratedDirectory(): string {
  const data_dir = join(directory, String(count++))
  copyTemplate(data_dir)
  return data_dir
}

async function start(data_dir: string): Promise<Storage> {
  const storage = await startStorage(testStorageOptions(data_dir))
  running.add(storage)
  return storage
}

const columns = tables.requests.columns.map(({ name }) => name)

function body(batch: number): Buffer {
  const writer = new RowBinaryWriter()
  for (let row = 0; row < 100; row++) {
    tables.requests.encode(writer, {
      ...emptyRequest(),
      timestamp: (1.79e12 + row) * 1000,
      trace_id: `${batch}`,
      span_id: `${row}`,
    })
  }
  return writer.take()
}

test('killed again and again while rows come in: everything acknowledged is there once', async () => {
  const storage = await start(migratedDirectory())
  const acked: number[] = []
  const errors: StorageError[] = []
  const load = { over: false }
  const send = async (batch: number) => {
    for (;;) {
      try {
        await storage.db.insertRowBinary('requests', columns, body(batch), `batch-${batch}`)
        acked.push(batch)
        return
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        errors.push(error)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const sender = async (first: number) => {
    for (let batch = first; !load.over; batch += 3) {
      await send(batch)
      // A sender that lost an answer sends again: the token makes that a no-op.
      if (batch % 4 === 0) await send(batch)
    }
  }
  const senders = [sender(0), sender(1), sender(2)]
  for (let round = 0; round < 3; round++) {
    const before = acked.length
    await expect.poll(() => acked.length).toBeGreaterThan(before + 10)
    process.kill(storage.enginePid() ?? Number.NaN, 'SIGKILL')
  }
  const before = acked.length
  await expect.poll(() => acked.length).toBeGreaterThan(before + 10)
  load.over = true
  await Promise.all(senders)

  expect(errors.length).toBeGreaterThan(0)
  expect(errors.filter(({ retryable }) => !retryable)).toEqual([])
  const found = await storage.db.query<{ batch: number; n: number }>(
    'SELECT toUInt32(trace_id) AS batch, count() AS n FROM requests GROUP BY batch ORDER BY batch',
    {},
    { settings: { final: 0 } },
  )
  const expected = [...new Set(acked)].toSorted((a, b) => a - b).map((batch) => ({ batch, n: 100 }))
  expect(found).toEqual(expected)
  expect(await storage.ready()).toEqual({ ok: true, reason: '' })
})

test('a parent that is killed takes the engine along: the directory is free for the next start', async () => {
  const data_dir = migratedDirectory()
  const parent = await startedElsewhere(data_dir)
  parent.kill('SIGKILL')
  const storage = await start(data_dir)
  expect(await storage.db.query('SELECT count() AS n FROM requests')).toEqual([{ n: 0 }])
})

test('half-written and damaged parts do not keep the engine from starting', async () => {
  const data_dir = migratedDirectory()
  const storage = await start(data_dir)
  await storage.db.command('SYSTEM STOP MERGES requests')
  for (let batch = 0; batch < 3; batch++)
    await storage.db.insertRowBinary('requests', columns, body(batch), `b${batch}`)
  const parts = await storage.db.query<{ path: string }>(
    "SELECT path FROM system.parts WHERE database = currentDatabase() AND table = 'requests' AND active ORDER BY name",
  )
  await storage.stop()
  expect(parts.length).toBeGreaterThan(1)
  const [truncated = { path: '' }, emptied = { path: '' }] = parts
  truncateSync(join(truncated.path, 'data.bin'), 100)
  truncateSync(join(emptied.path, 'checksums.txt'), 0)
  mkdirSync(join(dirname(truncated.path), 'tmp_insert_1_2_3_0'))
  const again = await start(data_dir)
  const [row] = await again.db.query<{ n: number }>('SELECT count() AS n FROM requests')
  expect(row?.n).toBe(100)
  expect(await again.ready()).toEqual({ ok: true, reason: '' })
  await again.db.insertRowBinary('requests', columns, body(9), 'b9')
  expect(await again.db.query("SELECT count() AS n FROM requests WHERE trace_id = '9'")).toEqual([{ n: 100 }])
})

test('a directory in use is one clear error', async () => {
  const data_dir = migratedDirectory()
  await start(data_dir)
  await expect(startStorage(testStorageOptions(data_dir))).rejects.toMatchObject({
    name: 'EngineStartError',
    message: `${join(data_dir, 'clickhouse')} is in use by another process: stop the other Inferwatch, or set another data_dir`,
  })
})

test('a port in use is one clear error', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  running.add({ stop: () => void other.close() })
  await expect.poll(() => other.listening).toBe(true)
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  const options = { ...testStorageOptions(migratedDirectory()), listen: `127.0.0.1:${port}` }
  await expect(startStorage(options)).rejects.toThrow(
    `127.0.0.1:${port} is taken: stop what listens there, or set listen.clickhouse`,
  )
})

test('keys are readable by their owner alone, and the engine has none in its environment', async () => {
  const data_dir = migratedDirectory()
  const keys = join(data_dir, 'keys')
  rmSync(keys, { recursive: true, force: true })
  const storage = await start(data_dir)
  const key = join(keys, 'writer')
  expect(statSync(key).mode & 0o777).toBe(0o600)
  const pid = storage.enginePid()
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .map((line) => line.split('=')[0])
  const allowed = new Set([
    'PATH',
    'TZ',
    'UV_THREADPOOL_SIZE',
    'NODE_OPTIONS',
    'NODE_COMPILE_CACHE',
    'NODE_CHANNEL_FD',
    'NODE_CHANNEL_SERIALIZATION_MODE',
    '',
  ])
  expect(names.filter((name) => !allowed.has(name ?? ''))).toEqual([])
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(readFileSync(key, 'utf8').trim())
})

test('stopping twice is fine, and nothing answers afterwards', async () => {
  const storage = await start(migratedDirectory())
  await storage.stop()
  await storage.stop()
  await expect(fetch(`${storage.url}/ping`)).rejects.toThrow('fetch failed')
  expect(await storage.ready()).toMatchObject({ ok: false, reason: expect.stringContaining('not reachable') })
})

test('an error that nobody caught ends the engine at once, whatever its threads are at', async () => {
  const breaking = "process.on('message', ({ type }) => { if (type === 'break') throw new Error('broken') })"
  const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
    execArgv: ['--import', `data:text/javascript,${encodeURIComponent(breaking)}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  running.add({ stop: () => void child.kill('SIGKILL') })
  let said = ''
  child.stderr?.on('data', (data: Buffer) => (said += data.toString()))
  const start: StartMessage = {
    type: 'start',
    directory: join(directory, String(count++)),
    database: 'inferwatch',
    memoryBytes: 2 ** 30,
    host: '127.0.0.1',
    port: 0,
    users: [],
  }
  const ready = new Promise((resolve) => child.once('message', resolve))
  child.send(start)
  expect(await ready).toMatchObject({ type: 'ready' })
  const ended = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)))
  child.send({ type: 'break' })
  expect(await ended).toBe('SIGKILL')
  expect(said).toContain('Error: broken')
})

/** A process of its own that starts storage there and waits. */
async function startedElsewhere(data_dir: string): Promise<ChildProcess> {
  const storageUrl = JSON.stringify(new URL('../index.ts', import.meta.url).href)
  const optionsUrl = JSON.stringify(new URL('../testing.ts', import.meta.url).href)
  const script = `
    const { startStorage } = await import(${storageUrl})
    const { testStorageOptions } = await import(${optionsUrl})
    await startStorage(testStorageOptions(${JSON.stringify(data_dir)}))
    process.stdout.write('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add({ stop: () => void child.kill('SIGKILL') })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`exited with ${code}`)))
  })
  return child
}
