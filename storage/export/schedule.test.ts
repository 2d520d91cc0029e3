import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { exclusively } from '../data-dir.ts'
import { testStorage } from '../testing.ts'
import { exportListCommand, exportRunCommand } from './command.ts'
import { exportConfig } from './config.ts'
import { nextPass, startExports } from './index.ts'
import type { Manifest } from './manifest.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
const folder = mkdtempSync(join(tmpdir(), 'inferwatch-export-'))
const minute = 60_000
const hour = 60 * minute

beforeAll(async () => {
  storage = await testStorage()
})
afterAll(async () => {
  await storage.stop()
  rmSync(folder, { recursive: true })
})

test.each([
  ['1h', '15m', '2026-11-26T10:00:00Z', '2026-11-26T10:15:00Z'],
  ['1h', '15m', '2026-11-26T10:15:00Z', '2026-11-26T11:15:00Z'],
  ['1h', '2h', '2026-11-26T10:30:00Z', '2026-11-26T11:00:00Z'],
  ['1d', '15m', '2026-11-26T00:14:00Z', '2026-11-26T00:15:00Z'],
  ['1d', '15m', '2026-11-26T10:00:00Z', '2026-11-27T00:15:00Z'],
] as const)('every %s, %s after it, seen at %s: next at %s', (every, delay, now, next) => {
  expect(new Date(nextPass({ every, delay }, Date.parse(now)))).toEqual(new Date(next))
})

const config = exportConfig.parse({
  jobs: [{ name: 'calls', table: 'requests', to: join(folder, 'out'), partition: 'hour' }],
})
const deps = () => ({ ...storage, dataDir: storage.data_dir })
const progress = { start: () => {}, update: () => {}, stop: () => {} }
const periods = () =>
  (JSON.parse(readFileSync(join(folder, 'out/calls/manifest.json'), 'utf8')) as Manifest).files.length

test('a place that cannot be written: said once, shown in the inbox and the list, tried again, and nothing is left out', async () => {
  const lines: { level: number; msg: string; reason?: string }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  let now = Date.now()
  // A file where the folder should be.
  writeFileSync(join(folder, 'out'), '')
  const exports = startExports({ config, ...deps(), log, clock: () => now, tickMs: 20 })
  try {
    const failures = async () => {
      const rows = await storage.db.query<{ example: string }>(
        "SELECT example FROM ingest_issues WHERE source = 'export' AND reason = 'export_failed' AND subject = 'calls'",
      )
      return rows.map(({ example }) => example)
    }
    await eventually('it failed', async () => ((await failures()).length === 1 ? true : null))
    now += 61_000
    await eventually('it failed again', async () => ((await failures()).length === 2 ? true : null))
    expect((await failures())[0]).toMatch(/ENOTDIR|EEXIST/)
    expect(lines.map(({ msg }) => msg)).toEqual(['export failed: it will be tried again, and nothing is left out'])
    const listed = await exportListCommand(config, deps())
    expect(listed[1]?.[0]).toBe('calls')
    expect(listed[1]?.at(-1)).toMatch(/ENOTDIR|EEXIST/)

    rmSync(join(folder, 'out'))
    now += 2 * hour
    await eventually('it works again', async () =>
      lines.some(({ msg }) => msg === 'export works again') ? true : null,
    )
    expect(periods()).toBe(1)
    now += 3 * hour
    await eventually('what became due is written', async () => (periods() === 4 ? true : null))

    exports.reload({ jobs: [] })
    now += 3 * hour
    exports.reload(config)
    await eventually('a job that came back goes on', async () => (periods() === 7 ? true : null))
  } finally {
    await exports.stop()
  }
  await exports.stop()
})

test.skipIf(process.platform !== 'linux')(
  'a folder that the system never makes does not hold up the others',
  async () => {
    const { jobs } = exportConfig.parse({
      jobs: [
        { ...config.jobs[0], name: 'nowhere', to: '/proc/nowhere' },
        { ...config.jobs[0], name: 'after', to: join(folder, 'after') },
      ],
    })
    const exports = startExports({ config: { jobs }, ...deps(), log: pino({ level: 'silent' }), tickMs: 20 })
    try {
      await eventually(
        'the other is written',
        async () => existsSync(join(folder, 'after/after/manifest.json')) || null,
      )
      const [, nowhere] = await exportListCommand({ jobs }, deps())
      expect(nowhere?.at(-1)).toMatch(/^ENOENT: .*\/proc\/nowhere/)
    } finally {
      await exports.stop()
    }
  },
)

test('export run and export list', async () => {
  const run = async (job: string | undefined, flags: object, jobs = config) => {
    const lines: string[] = []
    const failure = await exportRunCommand(job, flags, jobs, deps(), progress, (line) => lines.push(line)).catch(
      (error: Error) => error.message,
    )
    return [...lines, ...(failure === undefined ? [] : [failure])]
  }
  await storage.db.insert('requests', [{ timestamp: new Date(Date.now() - 30 * hour), trace_id: 'a', span_id: 's' }])
  const [line = ''] = await run('calls', { from: '48h', to: '24h' })
  expect(line).toMatch(/^calls: 2[34] periods written with 1 row, 0 unchanged, in \/.*\/out\/calls$/)
  expect((await run(undefined, { from: '48h', to: '24h' }))[0]).toMatch(
    /^calls: 0 periods written with 0 rows, 2[34] unchanged/,
  )
  const [heading, calls] = await exportListCommand(config, deps())
  expect(heading?.slice(0, 5)).toEqual(['job', 'what', 'files', 'rows', 'bytes'])
  expect(calls?.slice(0, 4)).toEqual(['calls', 'requests per hour, parquet', '1', '1'])

  expect(await run('nope', {})).toEqual(['there is no job nope; known: calls'])
  expect(await run('calls', { from: 'soon' })).toEqual([expect.stringMatching(/^--from: "soon" is no time/)])
  expect(await run('calls', { to: '1d' })).toEqual(['--to goes with --from'])
  expect(await run('calls', { from: '2026-11-02', to: '2026-11-01' })).toEqual(['--from must be before --to'])
  const busy = await exclusively(storage.data_dir, 'export', () => run('calls', { from: '48h' }))
  expect(busy).toEqual([expect.stringMatching(/is exporting now/)])
  const { jobs } = exportConfig.parse({ jobs: [{ ...config.jobs[0], name: 'broken', table: 'nope' }] })
  expect(await run(undefined, { from: '48h' }, { jobs: [...jobs, ...config.jobs] })).toEqual([
    expect.stringMatching(/^calls: \d+ periods written/),
    expect.stringMatching(/^ClickHouse: .*nope/),
  ])
})

test('export run: a place that cannot be written is told in one line, after the others are written', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const { jobs } = exportConfig.parse({ jobs: [{ ...config.jobs[0], name: 'astray', to: file }] })
  const lines: string[] = []
  const all = { jobs: [...jobs, ...config.jobs] }
  const running = exportRunCommand(undefined, {}, all, deps(), progress, (line) => lines.push(line))
  const why = expect.stringMatching(/^astray: .*\/file\/astray cannot be written: (ENOTDIR|EEXIST): /)
  await expect(running).rejects.toMatchObject({ name: 'ExportError', message: why })
  expect(lines).toEqual([expect.stringMatching(/^calls: /)])
})

test.each([
  [{ table: 'requests', query: 'select {from:DateTime64(3)}, {to:DateTime64(3)}' }, 'expected either table or query'],
  [{}, 'expected either table or query'],
  [{ query: 'select now()' }, 'expected {from:DateTime64(3)} and {to:DateTime64(3)}'],
  [{ table: 'requests; drop' }, 'expected a name of letters, digits and underscores'],
  [{ table: 'requests', to: 's3://bucket' }, 'expected a folder, or an object with url'],
  [{ table: 'requests', format: 'csv', compression: 'snappy' }, 'csv can be none, zstd, gzip'],
  [{ table: 'requests', keep: '1h' }, 'expected a day or more'],
  [{ table: 'requests', name: '../x' }, 'expected letters, digits, - and _'],
])('a job of %o is refused: %s', (job, message) => {
  const read = exportConfig.safeParse({ jobs: [{ name: 'a', to: './x', ...job }] })
  expect(JSON.stringify(read.error?.issues)).toContain(message)
})

test('a name that is used twice is refused', () => {
  const job = { name: 'a', to: './x', table: 'requests' }
  expect(exportConfig.safeParse({ jobs: [job, job] }).error?.issues[0]).toMatchObject({ path: ['jobs', 1, 'name'] })
})
