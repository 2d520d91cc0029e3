/**
 * Before any test, side by side: the web app is built and Chromium unpacked, so that files that begin together do not each do it, and
 * one database is migrated, since copies of its folder start in a fraction of the time that two hundred statements take.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { buildWeb } from '../dashboard/build.ts'
import { startStorage } from '../storage/index.ts'
import { templateVariable, testStorageOptions } from '../storage/testing.ts'

const compileCache = new URL('.output/compile-cache', import.meta.url).pathname

export default async function setUp(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-template-'))
  await Promise.all([buildWeb(), chromium.executablePath(), migrate(folder)])
  // Some hundred processes of the product and of its engine begin with the same modules: read once, rather than by each.
  process.env['NODE_COMPILE_CACHE'] ??= compileCache
  // `copyTemplate` finds it there.
  process.env[templateVariable] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

async function migrate(folder: string): Promise<void> {
  const storage = await startStorage(testStorageOptions(folder))
  await storage.stop()
}
