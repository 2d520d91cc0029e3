import { expect, test } from 'vitest'
import { testStorage } from '../../storage/testing.ts'
import { canaries, setTraps } from './canaries.ts'
import { sqlFuzz } from './fuzz.ts'
import { attack } from './statements.ts'

const paths = { secretFile: '/tmp/secret', outFile: '/tmp/out', url: 'http://127.0.0.1:1' }

test('a statement is made from its seed and number alone', () => {
  for (let number = 0; number < 50; number++)
    expect(attack(7, number, paths, ['sum'])).toEqual(attack(7, number, paths, ['sum']))
  expect(attack(7, 1, paths, ['sum'])).not.toEqual(attack(8, 1, paths, ['sum']))
})

test('what gets out is noticed: the same traps under a user who may do anything', async () => {
  const storage = await testStorage()
  const traps = await setTraps(storage.db, storage.data_dir)
  try {
    expect(await traps.sprung()).toEqual([])
    const read = async (sql: string) => JSON.stringify(await storage.db.query(sql))
    expect(await read(`SELECT file('${traps.secretFile}') AS a`)).toContain(canaries.file)
    expect(await read("SELECT file('/proc/self/environ') AS a")).toContain(canaries.environment)
    expect(await read('SELECT a FROM elsewhere.vault')).toContain(canaries.table)
    await expect.poll(() => read('SELECT query FROM system.processes')).toContain(canaries.query)
    await read(`SELECT * FROM url('${traps.url}', 'RawBLOB', 'a String')`)
    await storage.db.command(`SELECT 1 INTO OUTFILE '${traps.outFile}'`)
    await storage.db.command('CREATE FUNCTION made AS (x) -> x')
    await storage.db.command('TRUNCATE TABLE elsewhere.vault')
    expect((await traps.sprung()).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'files changed:',
      'functions changed:',
      'rows changed:',
      expect.stringMatching(/^\d+ calls$/),
    ])
  } finally {
    await traps.remove()
    await storage.stop()
  }
})

test('statements that try to get out do not', async () => {
  const report = await sqlFuzz({ count: 1500, seed: 1 })
  expect(report.failures).toEqual([])
  // Some are harmless and answered, most are refused by the gate, and some reach the engine and fail there.
  expect(report.statuses[200]).toBeGreaterThan(50)
  expect(report.statuses[403]).toBeGreaterThan(300)
  expect(report.statuses[400]).toBeGreaterThan(50)
  expect(report.sent).toBe(1500)
}, 240_000)
