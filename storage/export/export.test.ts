/** Jobs against the real engine and real folders: what the files say is compared with what the tables say. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { smallDisk } from '../../test/support/small-disk.ts'
import { ClickhouseDb } from '../client.ts'
import { testStorage } from '../testing.ts'
import { exportConfig, type ExportJob } from './config.ts'
import { folderDestination, type Destination } from './destination.ts'
import { exportNow } from './index.ts'
import { ExportRun } from './job.ts'
import type { Manifest } from './manifest.ts'
import { byEngine, byStream } from './result-file.ts'
import { bucketDestination } from './s3.ts'
import { sourceOf } from './source.ts'
import { startTestBucket, testKeys } from './testing-bucket.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let folder: string
const hour = 3_600_000
const day = 24 * hour
/** A quiet day in the past: rows of a test lie around it. */
const noon = Math.floor(Date.now() / day) * day - 5 * day + 12 * hour

beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  for (const table of ['requests', 'gpu_samples']) await storage.db.command(`TRUNCATE TABLE ${table}`)
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-export-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

function jobOf(config: object = {}): ExportJob {
  const parsed = exportConfig.parse({
    jobs: [{ name: 'calls', table: 'requests', to: folder, partition: 'hour', ...config }],
  })
  const [job] = parsed.jobs
  if (!job) throw new Error('no job')
  return job
}

function runOf(job: ExportJob, changes: { destination?: Destination; streamed?: boolean; signal?: AbortSignal } = {}) {
  const { db, reader, writeResult } = storage
  const place = changes.destination ?? folderDestination(join(folder, job.name))
  const write = changes.streamed && db instanceof ClickhouseDb ? byStream(db) : writeResult
  const signal = changes.signal ?? new AbortController().signal
  return new ExportRun(job, { db, reader, write, destination: place, signal })
}

interface Row {
  at: number
  id: string
  model?: string
  version?: number
  is_deleted?: number
}

async function store(...rows: Row[]): Promise<void> {
  await storage.db.insert(
    'requests',
    rows.map(({ at, id, model = 'gpt-4o', version = 1, is_deleted = 0 }) => ({
      timestamp: new Date(at),
      trace_id: id,
      span_id: 's',
      model,
      input: 'the prompt',
      output: 'the answer',
      cost_usd: '0.000001234567',
      attributes: new Map([['a', `it's "${id}"\n\nline`]]),
      version,
      is_deleted,
    })),
  )
}

const manifestIn = (job = 'calls') => JSON.parse(readFileSync(join(folder, job, 'manifest.json'), 'utf8')) as Manifest
const filesIn = (job = 'calls') => readdirSync(join(folder, job)).sort()
const name = (ms: number, length = 13) => new Date(ms).toISOString().slice(0, length)

test('hours that are closed are written once, as the table has them', async () => {
  await store(
    { at: noon + 1, id: 'a' },
    { at: noon + 2, id: 'b' },
    { at: noon + 2, id: 'b', model: 'corrected', version: 2 },
    { at: noon + 3, id: 'gone' },
    { at: noon + 3, id: 'gone', version: 2, is_deleted: 1 },
    { at: noon + hour - 1, id: 'last' },
    { at: noon + hour, id: 'next' },
    { at: noon + 3 * hour, id: 'open' },
  )
  const run = runOf(jobOf())
  const range = { from: noon - 20 * 60_000, to: noon + 3 * hour }
  expect(await run.backfill(range, noon + 3 * hour + 60_000)).toEqual({ files: 3, rows: 4, unchanged: 0, frozen: 0 })

  const { files, schemas } = manifestIn()
  expect(filesIn()).toEqual([`${name(noon)}.parquet`, `${name(noon + hour)}.parquet`, 'manifest.json'])
  expect(files.map(({ period, file, rows, version }) => [period, file, rows, version])).toEqual([
    [name(noon), `${name(noon)}.parquet`, 3, 1],
    [name(noon + hour), `${name(noon + hour)}.parquet`, 1, 1],
    [name(noon + 2 * hour), null, 0, 1],
  ])
  for (const { file, bytes, sha256 } of files) {
    const content = file === null ? Buffer.alloc(0) : readFileSync(join(folder, 'calls', file))
    expect(bytes).toBe(content.length)
    expect(sha256).toBe(file === null ? '' : createHash('sha256').update(content).digest('hex'))
  }
  const utc = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '000')
  expect(files[0]).toMatchObject({
    from: new Date(noon).toISOString(),
    to: new Date(noon + hour).toISOString(),
    min_timestamp: utc(noon + 1),
    max_timestamp: utc(noon + hour - 1),
    schema: schemas[0]?.id,
  })
  expect(schemas[0]?.columns[0]).toEqual({
    name: 'timestamp',
    type: "DateTime64(6, 'UTC')",
    comment: 'Start of the call, UTC',
  })

  const columns = schemas[0]?.columns.map((column) => column.name) ?? []
  expect(columns).not.toContain('input')
  expect(columns).not.toContain('output')
  const path = join(folder, 'calls', `${name(noon)}.parquet`)
  const from = { file: `file('${path}', 'Parquet')`, table: `requests WHERE timestamp < {end:DateTime64(3)}` }
  const read = (source: string) =>
    storage.db.query(`SELECT ${columns.join(', ')} FROM ${source} ORDER BY trace_id`, { end: new Date(noon + hour) })
  expect(await read(from.file)).toEqual(await read(from.table))
  expect(await read(from.file)).toHaveLength(3)

  expect(await run.backfill(range, noon + 3 * hour)).toEqual({ files: 0, rows: 0, unchanged: 3, frozen: 0 })
})

test('the schedule begins with the last closed period, waits for late rows and leaves nothing out', async () => {
  await store({ at: noon - hour, id: 'before' }, { at: noon, id: 'a' }, { at: noon + 2 * hour, id: 'b' })
  const job = jobOf({ delay: '15m' })
  expect(await runOf(job).pass(noon + hour + 14 * 60_000)).toMatchObject({ files: 1, rows: 1 })
  expect(manifestIn().files.map(({ period }) => period)).toEqual([name(noon - hour)])
  // Down for some hours: another process goes on where this one ended.
  expect(await runOf(job).pass(noon + 3 * hour + 15 * 60_000)).toMatchObject({ files: 3, rows: 2 })
  expect(manifestIn().files.map(({ period, rows }) => [period, rows])).toEqual([
    [name(noon - hour), 1],
    [name(noon), 1],
    [name(noon + hour), 0],
    [name(noon + 2 * hour), 1],
  ])
  expect(await runOf(job).pass(noon + 3 * hour + 15 * 60_000)).toMatchObject({ files: 0 })
})

test('rows that came late, were corrected or taken back make a new version of their file', async () => {
  await store({ at: noon, id: 'a' }, { at: noon + hour, id: 'b' })
  const run = runOf(jobOf())
  const now = noon + 2 * hour + 20 * 60_000
  await run.backfill({ from: noon, to: noon + 2 * hour }, now)

  await store({ at: noon + 1, id: 'late' }, { at: noon + hour, id: 'b', model: 'corrected', version: 2 })
  expect(await run.pass(now)).toMatchObject({ files: 2, rows: 3 })
  expect(manifestIn().files.map(({ rows, version }) => [rows, version])).toEqual([
    [2, 2],
    [1, 2],
  ])
  const file = `file('${join(folder, 'calls', `${name(noon + hour)}.parquet`)}', 'Parquet')`
  expect(await storage.db.query(`SELECT model FROM ${file}`)).toEqual([{ model: 'corrected' }])

  await store({ at: noon + hour, id: 'b', version: 3, is_deleted: 1 })
  expect(await run.pass(now)).toMatchObject({ files: 1, rows: 0 })
  expect(manifestIn().files.at(-1)).toMatchObject({ file: null, rows: 0, version: 3 })
  expect(filesIn()).toEqual([`${name(noon)}.parquet`, 'manifest.json'])
  expect(await run.pass(now)).toMatchObject({ files: 0 })
})

test('a view is written again when what it is made of was stored or changed', async () => {
  const midnight = noon - 3 * day - 12 * hour
  const at = midnight + 12 * hour
  const now = midnight + day + hour
  const jobs = [
    jobOf({ name: 'v_requests', table: 'v_requests', partition: 'day' }),
    jobOf({ name: 'v_spend_daily', table: 'v_spend_daily', time: 'day', partition: 'day' }),
  ]
  const pass = () => Promise.all(jobs.map((job) => runOf(job).pass(now)))
  const files = () => jobs.map(({ name: job }) => manifestIn(job).files.map(({ rows, version }) => [rows, version]))
  await pass()
  expect(files()).toEqual([[[0, 1]], [[0, 1]]])

  await store({ at, id: 'a' })
  await storage.rollups.flush()
  await pass()
  expect(files()).toEqual([[[1, 2]], [[1, 2]]])

  await store({ at, id: 'a', version: 2 }, { at, id: 'b', model: 'other' })
  await storage.rollups.flush()
  await pass()
  expect(files()).toEqual([[[2, 3]], [[2, 3]]])
  expect(await pass()).toMatchObject([{ files: 0 }, { files: 0 }])
})

test('of every view it is known what it is made of', async () => {
  const views = await storage.db.query<{ table: string; time: string }>(
    `SELECT table, argMin(name, position) AS time FROM system.columns
    WHERE database = currentDatabase() AND startsWith(table, 'v_') AND name IN ('timestamp', 'hour', 'day') GROUP BY table`,
  )
  expect(views.length).toBeGreaterThan(5)
  for (const { table, time } of views) {
    const { changes } = await sourceOf(jobOf({ table, time }), storage.db, storage.reader)
    expect(changes, table).toHaveLength(1)
  }
})

test('a view never replaces a file that has rows which its table has lost since', async () => {
  const midnight = noon - 20 * day - 12 * hour
  await store({ at: midnight, id: 'a' }, { at: midnight + 1, id: 'b' })
  const job = jobOf({ table: 'v_requests', partition: 'day' })
  await runOf(job).pass(midnight + day + hour)
  await storage.db.command('TRUNCATE TABLE requests')
  await store({ at: midnight + 2, id: 'stray' })
  expect(await runOf(job).backfill({ from: midnight, to: midnight + day }, midnight + 91 * day)).toMatchObject({
    files: 0,
    frozen: 1,
  })
})

test('rows of a table that keeps them for a shorter time never replace a file that has them all', async () => {
  await store({ at: noon, id: 'a' }, { at: noon + 1, id: 'b' })
  const job = jobOf()
  const now = noon + hour + 20 * 60_000
  await runOf(job).backfill({ from: noon, to: noon + hour }, now)
  await storage.db.command('TRUNCATE TABLE requests')
  await store({ at: noon + 2, id: 'stray' })
  const later = noon + 91 * day
  expect(await runOf(job).backfill({ from: noon, to: noon + hour }, later)).toMatchObject({ files: 0, frozen: 1 })
  expect(manifestIn().files).toMatchObject([{ rows: 2, version: 1 }])
})

test('files that are too old are removed, and not written again', async () => {
  await store({ at: noon - 2 * day, id: 'a' }, { at: noon, id: 'b' })
  const job = jobOf({ partition: 'day', keep: '2d' })
  const midnight = noon + 12 * hour
  await runOf(job).backfill({ from: noon - 3 * day, to: midnight }, midnight)
  expect(filesIn()).toEqual([`${name(noon - 2 * day, 10)}.parquet`, `${name(noon, 10)}.parquet`, 'manifest.json'])
  await runOf(job).pass(midnight + hour)
  expect(filesIn()).toEqual([`${name(noon, 10)}.parquet`, 'manifest.json'])
  await store({ at: noon - 2 * day, id: 'late' })
  await runOf(job).pass(midnight + hour)
  expect(filesIn()).toEqual([`${name(noon, 10)}.parquet`, 'manifest.json'])
})

test.each([
  ['csv', 'none', '.csv', (bytes: Buffer) => bytes],
  ['csv', 'gzip', '.csv.gz', gunzipSync],
  ['jsonl', 'gzip', '.jsonl.gz', gunzipSync],
  ['jsonl', 'zstd', '.jsonl.zst', zstdDecompressSync],
] as const)('%s, %s: by the engine and streamed are the same bytes', async (format, compression, ending, unpacked) => {
  await store({ at: noon, id: 'a' }, { at: noon + 1, id: 'ü' })
  const job = jobOf({ format, compression, columns: ['timestamp', 'trace_id', 'ttft_ms', 'cost_usd', 'attributes'] })
  const range = { from: noon, to: noon + hour }
  const texts: string[] = []
  for (const streamed of [false, true]) {
    rmSync(join(folder, 'calls'), { recursive: true, force: true })
    expect(await runOf(job, { streamed }).backfill(range, noon + hour)).toMatchObject({ files: 1, rows: 2 })
    texts.push(unpacked(readFileSync(join(folder, 'calls', `${name(noon)}${ending}`))).toString())
  }
  expect(texts[1]).toBe(texts[0])
  const at = new Date(noon).toISOString().replace('.000Z', '.000000Z')
  const first = {
    csv: `"timestamp","trace_id","ttft_ms","cost_usd","attributes"\n"${at}","a",\\N,0.000001234567,"{`,
    jsonl: `{"timestamp":"${at}","trace_id":"a","ttft_ms":null,"cost_usd":0.000001234567,"attributes":{"a":"it's \\"a\\"\\n\\nline"}}\n`,
  }
  expect(texts[0]?.slice(0, first[format].length)).toBe(first[format])
})

test('streamed Parquet is what the engine writes', async () => {
  await store({ at: noon, id: 'a' })
  await runOf(jobOf(), { streamed: true }).backfill({ from: noon, to: noon + hour }, noon + hour)
  const file = `file('${join(folder, 'calls', `${name(noon)}.parquet`)}', 'Parquet')`
  expect(await storage.db.query(`SELECT trace_id FROM ${file}`)).toEqual([{ trace_id: 'a' }])
})

test('where picks rows; content goes along when it is asked for', async () => {
  await store(
    { at: noon, id: 'a', model: 'x' },
    { at: noon + 1, id: 'b', model: 'y' },
    { at: noon + 2, id: 'c', model: 'z' },
  )
  const where = { model: ['x', 'z'], streamed: false }
  const job = jobOf({ where, content: true, columns: ['trace_id', 'input'], format: 'jsonl', compression: 'none' })
  expect(await runOf(job).backfill({ from: noon, to: noon + hour }, noon + hour)).toMatchObject({ rows: 2 })
  expect(readFileSync(join(folder, 'calls', `${name(noon)}.jsonl`), 'utf8')).toBe(
    '{"trace_id":"a","input":"the prompt"}\n{"trace_id":"c","input":"the prompt"}\n',
  )
})

test('a query is asked for each period; of its columns content is left out too', async () => {
  await store({ at: noon, id: 'a' }, { at: noon + 1, id: 'b' }, { at: noon + hour, id: 'c' })
  const query = `select model, count() as calls, any(input) as input from requests
    where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)} group by model;`
  const job = jobOf({ table: undefined, query, format: 'csv', compression: 'none' })
  await runOf(job).backfill({ from: noon, to: noon + 2 * hour }, noon + 2 * hour)
  const text = (ms: number) => readFileSync(join(folder, 'calls', `${name(ms)}.csv`), 'utf8')
  expect([text(noon), text(noon + hour)]).toEqual(['"model","calls"\n"gpt-4o",2\n', '"model","calls"\n"gpt-4o",1\n'])
})

test.each(['csv', 'jsonl'])('texts that look like something else, as %s', async (format) => {
  const texts = ['2026-11-26', '12', '[1', '{"a":', '', '\\N', 'a,b', '"', "'", 'true', 'a\n\nb']
  await store(...texts.map((model, index) => ({ at: noon + index, id: `${index}`, model })))
  const query = `select model, map(model, [model]) as nested, (1, model) as pair, null as nothing, [] as none from requests
    where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)} -- all of them`
  const job = jobOf({ table: undefined, query, format })
  expect(await runOf(job).backfill({ from: noon, to: noon + hour }, noon + hour)).toMatchObject({ rows: texts.length })
})

test('tables of samples, and rollups without the states of their aggregates', async () => {
  await storage.db.insert('gpu_samples', [{ timestamp: new Date(noon), host: 'h', gpu: '0', power_watts: 300 }])
  await store({ at: noon, id: 'a' })
  await storage.rollups.flush()
  const range = { from: noon, to: noon + hour }
  for (const table of ['gpu_samples', 'requests_1h'])
    expect(await runOf(jobOf({ name: table, table })).backfill(range, noon + hour)).toMatchObject({ rows: 1 })
  const columns = manifestIn('requests_1h').schemas[0]?.columns ?? []
  expect(columns.filter(({ type }) => type.includes('Aggregate'))).toEqual([])
  expect(columns.length).toBeGreaterThan(20)
})

test.each([
  ['a column that is not there', { columns: ['nope'] }, /^there is no column nope; known: timestamp, /],
  ['content without asking', { columns: ['input'] }, /^column input holds text of users: set content: true/],
  ['where without its column', { where: { nope: 1 } }, /^where: table requests has no column nope/],
  ['a time that is none', { time: 'model' }, /^column model of requests is no time but LowCardinality\(String\)/],
  ['a table without that time', { table: 'silences', time: 'moment' }, /^table silences has no column moment/],
  ['a table that is not there', { table: 'nope' }, /Unknown table|does not exist|UNKNOWN_TABLE/],
])('%s is refused', async (_, config, message) => {
  await expect(runOf(jobOf(config)).pass(noon)).rejects.toThrow(message)
})

const bound = '{from:DateTime64(3)} < {to:DateTime64(3)}'
test.each([
  [`select file('/etc/passwd') as a where ${bound}`],
  [`select * from file('/etc/passwd', 'LineAsString') where ${bound}`],
  [`select * from url('http://127.0.0.1:1/', 'CSV', 'a String') where ${bound}`],
  [`select query from system.processes where ${bound}`],
  [`select 1) union all (select toUInt8(file('/etc/passwd')) where ${bound}`],
])('a query asks no more than a reader may: %s', async (query) => {
  await expect(runOf(jobOf({ table: undefined, query })).pass(noon)).rejects.toThrow(/not enough privileges/)
})

test('readers cannot write files', async () => {
  const path = join(folder, 'x.csv')
  for (const sql of [
    `INSERT INTO FUNCTION file('${path}', 'CSV') SELECT 1`,
    `INSERT INTO TABLE FUNCTION file('${path}', 'CSV') SELECT 1`,
    `INSERT INTO FUNCTION s3('http://127.0.0.1:1/b/x.csv', 'CSV') SELECT 1`,
    `SELECT 1 INTO OUTFILE '${path}'`,
  ])
    await expect(storage.reader.query(sql)).rejects.toThrow(/not enough privileges|may only read/)
  expect(readdirSync(folder)).toEqual([])
})

test('into a bucket: files, manifest, a new version in place of the old one', async () => {
  const bucket = await startTestBucket()
  try {
    await store({ at: noon, id: 'a' })
    const job = jobOf({ to: { url: 's3://archive/llm', endpoint: bucket.endpoint, ...testKeys } })
    const now = noon + hour
    const deps = { ...storage, dataDir: storage.data_dir }
    const backfill = () =>
      exportNow(job, deps, { range: { from: noon, to: now }, signal: new AbortController().signal })
    expect(await backfill()).toMatchObject({ files: 1, rows: 1 })
    await store({ at: noon + 1, id: 'b' })
    expect(await backfill()).toMatchObject({ files: 1, rows: 2 })
    const key = `archive/llm/calls/${name(noon)}.parquet`
    expect([...bucket.objects.keys()].sort()).toEqual([key, 'archive/llm/calls/manifest.json'])
    const { files } = JSON.parse(String(bucket.objects.get('archive/llm/calls/manifest.json'))) as Manifest
    expect(files).toMatchObject([{ rows: 2, version: 2, bytes: bucket.objects.get(key)?.length }])
    expect(readdirSync(join(storage.data_dir, 'exports', 'calls'))).toEqual([])

    const path = join(folder, 'copy.parquet')
    writeFileSync(path, bucket.objects.get(key) ?? '')
    const read = await storage.db.query(`SELECT trace_id FROM file('${path}', 'Parquet') ORDER BY ALL`)
    expect(read).toEqual([{ trace_id: 'a' }, { trace_id: 'b' }])
  } finally {
    await bucket.stop()
  }
})

test('a bucket that fails between file and manifest: the file is written again, and stands there once', async () => {
  const bucket = await startTestBucket()
  try {
    await store({ at: noon, id: 'a' }, { at: noon + hour, id: 'b' })
    const config = { url: 's3://archive', endpoint: bucket.endpoint, region: 'us-east-1', ...testKeys }
    const destination = bucketDestination(config, { folder: 'calls', staging: join(folder, 'staging') })
    const range = { from: noon, to: noon + 2 * hour }
    bucket.failing = (asked) => asked.startsWith('PUT') && asked.endsWith('manifest.json')
    await expect(runOf(jobOf(), { destination }).backfill(range, noon + 2 * hour)).rejects.toThrow(/500 InternalError/)
    bucket.failing = () => false
    expect(await runOf(jobOf(), { destination }).backfill(range, noon + 2 * hour)).toMatchObject({ files: 2, rows: 2 })
    expect(bucket.objects.size).toBe(3)
  } finally {
    await bucket.stop()
  }
})

test.each([
  ['parquet', 'zstd'],
  ['csv', 'none'],
  ['csv', 'gzip'],
  ['jsonl', 'none'],
  ['jsonl', 'zstd'],
] as const)(
  'what the engine wrote is looked at: a file that was cut off is none (%s, %s)',
  async (format, compression) => {
    const { db } = storage
    if (!(db instanceof ClickhouseDb)) throw new Error('not the client')
    const path = join(folder, `${format}.${compression}`)
    /** Stands for a disk that fills up: the engine says nothing of it. */
    const cutting = new Proxy(db, {
      get(target, key) {
        if (key !== 'command') return Reflect.get(target, key).bind(target)
        return async (sql: string) => {
          await target.command(sql)
          truncateSync(path, readFileSync(path).length - 3)
        }
      },
    })
    const file = { path, rows: 1000, format, compression, columns: ['number'] }
    await byEngine(db)('SELECT number FROM numbers(1000)', {}, file)
    await expect(byEngine(cutting)('SELECT number FROM numbers(1000)', {}, file)).rejects.toThrow(/is the disk full/)
  },
)

test('a full disk: no half file is named, and it goes on when there is room', async ({ skip }) => {
  const disk = smallDisk({}, '2m', 'none')
  if (!disk) {
    skip('only a user who may mount a file system can make a small disk')
    return
  }
  try {
    await store(...Array.from({ length: 3000 }, (_, index) => ({ at: noon + index, id: `${Math.sin(index)}` })))
    const destination = folderDestination(join(disk.folder, 'data', 'calls'))
    const run = runOf(jobOf({ format: 'csv', compression: 'none' }), { destination })
    disk.fill(64 * 1024)
    const range = { from: noon, to: noon + hour }
    await expect(run.backfill(range, noon + hour)).rejects.toThrow(/is the disk full/)
    expect(readdirSync(destination.staging)).toEqual([])
    disk.makeRoom()
    expect(await run.backfill(range, noon + hour)).toMatchObject({ files: 1, rows: 3000 })
  } finally {
    disk.makeRoom()
    disk.remove()
  }
})

test('a manifest that is something else, or of other periods, is left alone', async () => {
  const place = join(folder, 'calls')
  mkdirSync(place)
  writeFileSync(join(place, 'manifest.json'), '{"half":')
  await expect(runOf(jobOf()).pass(noon)).rejects.toThrow(/manifest\.json is no manifest of an export/)
  rmSync(place, { recursive: true })
  await runOf(jobOf()).backfill({ from: noon, to: noon + hour }, noon + hour)
  await expect(runOf(jobOf({ partition: 'day' })).pass(noon)).rejects.toThrow(
    /cover one hour each, and partition is day/,
  )
})

test('a pass that is told to stop ends after the file at hand', async () => {
  const stopping = new AbortController()
  const run = runOf(jobOf(), { signal: stopping.signal })
  stopping.abort()
  await expect(run.backfill({ from: noon, to: noon + hour }, noon + hour)).rejects.toThrow(/^stopped/)
})
