import { afterAll, beforeAll, expect, test } from 'vitest'
import { clickhouseConfig } from './config.ts'
import { applyServerUsers, userStatements } from './server-users.ts'
import { testStorage } from './testing.ts'

const [anna, etl] = clickhouseConfig.parse({
  users: [
    {
      name: 'anna',
      password_sha256: 'A'.repeat(64),
      limits: { max_execution_time: 0.5, max_memory_usage: 1e9, max_concurrent_queries: 2 },
      quota: { queries_per_hour: 100, read_rows_per_hour: 1e9, execution_time_per_hour: 60 },
    },
    { name: 'etl.job', password_sha256: 'b'.repeat(64), role: 'writer' },
  ],
}).users
if (!anna || !etl) throw new Error('two users were configured')

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())

test('a reader: limits that its queries cannot lift, a quota, and nothing but SELECT', () => {
  expect(userStatements(anna, 'inferwatch', null)).toEqual([
    'CREATE SETTINGS PROFILE OR REPLACE `inferwatch:inferwatch:anna` SETTINGS readonly = 2, allow_ddl = 0 CONST, final = 1, max_execution_time = 0.5 MIN 0.5 MAX 0.5, max_result_rows = 1000000 MIN 1 MAX 1000000, max_result_bytes = 268435456 MIN 1 MAX 268435456, max_threads = 2 MIN 1 MAX 2, max_memory_usage = 1000000000 MIN 1 MAX 1000000000, max_concurrent_queries_for_user = 2 MIN 1 MAX 2',
    `CREATE USER OR REPLACE \`anna\` IDENTIFIED WITH sha256_hash BY '${'a'.repeat(64)}' DEFAULT DATABASE \`inferwatch\` SETTINGS PROFILE \`inferwatch:inferwatch:anna\``,
    'GRANT SELECT ON `inferwatch`.* TO `anna`',
    'CREATE QUOTA OR REPLACE `inferwatch:inferwatch:anna` KEYED BY user_name FOR INTERVAL 1 hour MAX queries = 100, read_rows = 1000000000, execution_time = 60 TO `anna`',
  ])
})

test('a writer without limits, on a cluster', () => {
  expect(userStatements(etl, 'llm', 'main')).toEqual([
    'CREATE SETTINGS PROFILE OR REPLACE `inferwatch:llm:etl.job` ON CLUSTER `main` SETTINGS readonly = 0',
    `CREATE USER OR REPLACE \`etl.job\` ON CLUSTER \`main\` IDENTIFIED WITH sha256_hash BY '${'b'.repeat(64)}' DEFAULT DATABASE \`llm\` SETTINGS PROFILE \`inferwatch:llm:etl.job\``,
    'GRANT ON CLUSTER `main` ALL ON `llm`.* TO `etl.job`',
    'DROP QUOTA IF EXISTS `inferwatch:llm:etl.job` ON CLUSTER `main`',
  ])
})

test('ClickHouse reads every statement as it is meant', async () => {
  const words = (text: string) =>
    text
      .replaceAll('`', '')
      .toUpperCase()
      .match(/[A-Z0-9_:]+/g)
      ?.sort()
  for (const cluster of [null, 'main'])
    for (const user of [anna, etl])
      for (const sql of userStatements(user, 'llm', cluster)) {
        const [row] = await storage.db.query<{ a: string }>('SELECT formatQuerySingleLine({sql:String}) AS a', { sql })
        expect(words(row?.a ?? '')).toEqual(words(sql))
      }
})

test('a user of the server that is not ours is left alone', async () => {
  const own = { ...anna, name: 'default' }
  await expect(applyServerUsers(storage.db, [own], 'inferwatch', null)).rejects.toThrow(
    'the server has a user "default" that is not of this configuration',
  )
})

test('where the server keeps no users, that is said', async () => {
  await expect(applyServerUsers(storage.db, [anna], 'inferwatch', null)).rejects.toThrow('ClickHouse: ')
  await applyServerUsers(storage.db, [], 'inferwatch', null)
})
