/** A storage, the API with the web app on it, and a browser: what a test file of a page needs. */
import { afterAll, beforeAll } from 'vitest'
import type { DashboardDeps } from '../../dashboard/api/deps.ts'
import type { Dashboard } from '../../dashboard/api/server.ts'
import { testStorage } from '../../storage/testing.ts'
import { testBrowser, type TestBrowser } from './browser.ts'
import { serveTestPage } from './serve.ts'

type TestStorage = Awaited<ReturnType<typeof testStorage>>

export interface TestSite {
  storage: TestStorage
  site: Dashboard
  browser: TestBrowser
}

interface TestSiteOptions {
  colorScheme?: 'light' | 'dark'
  /** Stores what the tests find there, and says what else the dashboard is given. */
  prepare?: (storage: TestStorage) => Promise<Partial<DashboardDeps> | void>
  /** The API's clock, epoch ms. */
  now?: () => number
}

/** Call it at the top of a test file; the parts are there once tests run. */
export function testSite({ colorScheme = 'light', prepare, now }: TestSiteOptions = {}): TestSite {
  const parts: Partial<TestSite> = {}
  beforeAll(async () => {
    parts.storage = await testStorage()
    const overrides = (await prepare?.(parts.storage)) ?? {}
    parts.site = await serveTestPage(parts.storage.reader, overrides, now)
    parts.browser = await testBrowser(colorScheme)
  })
  afterAll(async () => {
    await parts.browser?.close()
    await parts.site?.stop()
    await parts.storage?.stop()
  })
  return parts as TestSite
}
