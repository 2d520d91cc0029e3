/** Chromium as `npm ci` brings it, with everything that phones home switched off. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { chromium as playwright, type BrowserContext, type Page } from 'playwright-core'

/** Among the package's own arguments; it would let pages read any origin. */
const insecure = '--disable-web-security'
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface TestBrowser {
  context: BrowserContext
  /** A page that collects what must not happen: errors on the console, uncaught exceptions, CSP violations. */
  open(url: string, size?: { width: number; height: number }): Promise<{ page: Page; complaints: string[] }>
  close(): Promise<void>
}

/** One browser for a test file. */
export async function testBrowser(colorScheme: 'light' | 'dark' = 'light'): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'inferwatch-browser-'))
  const context = await playwright.launchPersistentContext(profile, {
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((arg) => arg !== insecure), ...quiet],
    headless: true,
    colorScheme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    viewport: { width: 1440, height: 900 },
  })
  // Of each wait for the page. A busy machine takes as long as it takes.
  context.setDefaultTimeout(60_000)
  return {
    context,
    async open(url, size) {
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      if (size) await page.setViewportSize(size)
      await page.goto(url)
      return { page, complaints }
    },
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/** What the router keeps of itself in the window. */
interface Router {
  subscribe(event: 'onResolved', listener: () => void): () => void
}

/**
 * Goes on to an address of the app as a link does, without a load, which costs more than most pages do. Returns once the page there has
 * taken the place of the one before; what it asks may still be on its way. `address` is a path with its query.
 */
export async function go(page: Page, address: string): Promise<void> {
  await page.evaluate(async (to) => {
    const { __TSR_ROUTER__: router } = window as unknown as { __TSR_ROUTER__: Router }
    await new Promise<void>((resolve) => {
      const stop = router.subscribe('onResolved', () => {
        stop()
        resolve()
      })
      history.pushState(null, '', new URL(to, `${location.origin}/`).href)
    })
  }, address)
}
