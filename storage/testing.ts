/** For tests: a migrated storage of their own on a temporary directory. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { clickhouseConfig, retentionConfig } from './config.ts'
import { startStorage, type Storage, type StorageOptions } from './index.ts'

/** Names the folder of a migrated database, to start from a copy of it. */
export const templateVariable = 'INFERWATCH_TEST_TEMPLATE'

/** Starts in about a second: one per test file, in beforeAll, and `stop()` in afterAll, which also removes the directory. */
export async function testStorage(overrides: Partial<StorageOptions> = {}): Promise<Storage & { data_dir: string }> {
  const data_dir = overrides.data_dir ?? mkdtempSync(join(tmpdir(), 'inferwatch-storage-'))
  const template = process.env[templateVariable]
  if (template !== undefined && overrides.data_dir === undefined && overrides.clickhouse === undefined)
    cpSync(template, data_dir, { recursive: true, verbatimSymlinks: true })
  const storage = await startStorage({ ...testStorageOptions(data_dir), ...overrides })
  return {
    ...storage,
    data_dir,
    async stop() {
      await storage.stop()
      if (overrides.data_dir === undefined) rmSync(data_dir, { recursive: true, force: true })
    },
  }
}

export function testStorageOptions(data_dir: string): StorageOptions {
  return {
    data_dir,
    listen: '127.0.0.1:0',
    clickhouse: clickhouseConfig.parse({}),
    retention: retentionConfig.parse({}),
    log: pino({ level: 'silent' }),
  }
}
