/** For tests: a migrated storage of their own on a temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { clickhouseConfig, retentionConfig } from './config.ts'
import { startStorage, type Storage, type StorageOptions } from './index.ts'

/** Starts in one to two seconds: one per test file, in beforeAll, and `stop()` in afterAll, which also removes the directory. */
export async function testStorage(overrides: Partial<StorageOptions> = {}): Promise<Storage & { data_dir: string }> {
  const data_dir = overrides.data_dir ?? mkdtempSync(join(tmpdir(), 'inferwatch-storage-'))
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
