/** For tests: a migrated storage of their own on a temporary directory. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { clickhouseConfig, retentionConfig } from './config.ts'
import { startStorage, type Storage, type StorageOptions } from './index.ts'

/** Names the folder of a migrated database, to start from a copy of it. */
export const templateVariable = 'INFERWATCH_TEST_TEMPLATE'

/**
 * Puts a migrated database, and the keys to it, where a data directory is to be: the first start there takes a second, where two
 * hundred statements of migrations take many on a busy machine. Does nothing outside of `npm test`: the start migrates then.
 */
export function copyTemplate(data_dir: string): void {
  const template = process.env[templateVariable]
  if (template !== undefined) cpSync(template, data_dir, { recursive: true, verbatimSymlinks: true })
}

/** Starts in about a second: one per test file, in beforeAll, and `stop()` in afterAll, which also removes the directory. */
export async function testStorage(overrides: Partial<StorageOptions> = {}): Promise<Storage & { data_dir: string }> {
  const data_dir = overrides.data_dir ?? mkdtempSync(join(tmpdir(), 'inferwatch-storage-'))
  if (!existsSync(join(data_dir, 'clickhouse'))) copyTemplate(data_dir)
  // Passes over every rollup cost more than most tests do.
  const storage = await startStorage({ ...testStorageOptions(data_dir), unaskedRollups: false, ...overrides })
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
