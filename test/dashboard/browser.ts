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

const viewport = { width: 1440, height: 900 }

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
    viewport,
  })
  // Of each wait for the page. A busy machine takes as long as it takes.
  context.setDefaultTimeout(60_000)
  const idle = idlePages()
  return {
    context,
    async open(url, size = viewport) {
      const page = idle.take(url) ?? (await context.newPage())
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() !== 'error' && message.type() !== 'warning') return
        const failed = message.text().startsWith('Failed to load resource')
        complaints.push(failed ? `${message.text()}: ${message.location().url}` : message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.setViewportSize(size)
      if (page.url() === 'about:blank') await page.goto(url)
      else await go(page, url)
      idle.keepWhenClosed(page, url)
      return { page, complaints }
    },
    async close() {
      await Promise.all(context.pages().map((page) => page.unrouteAll({ behavior: 'ignoreErrors' })))
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/**
 * Pages that tests closed, to go on from where one of the app is opened: a load costs a second of a processor, and most tests are not
 * about loads. Such a page is as one that was loaded: what it was asked and answered, and what it showed, is gone. One that was made to
 * be different (its requests are caught, it keeps something) is closed.
 */
function idlePages() {
  const idle: Page[] = []
  return {
    /** `undefined` where a page has to be loaded. */
    take(url: string): Page | undefined {
      const { origin } = new URL(url)
      const at = idle.findIndex((page) => new URL(page.url()).origin === origin)
      return at === -1 ? undefined : idle.splice(at, 1)[0]
    },
    keepWhenClosed(page: Page, url: string): void {
      const close = page.close.bind(page)
      let plain = url.startsWith('http')
      const methods: Partial<Page> = {
        async close() {
          for (const name of Object.keys(methods)) Reflect.deleteProperty(page, name)
          page.removeAllListeners()
          if (plain && (await forget(page))) return void idle.push(page)
          // An answer may be on its way to a page that goes.
          await page.unrouteAll({ behavior: 'ignoreErrors' })
          return close()
        },
      }
      for (const name of ['route', 'addInitScript', 'emulateMedia'] as const) {
        const method = page[name].bind(page) as (...args: unknown[]) => Promise<never>
        methods[name] = (...args: unknown[]) => {
          plain = false
          return method(...args)
        }
      }
      Object.assign(page, methods)
    },
  }
}

/** Pages remember how high panels were, whatever was tested. */
const alwaysKept = 'inferwatch.panel-heights'

/** A path that no page has: what is drawn there asks nothing. */
const nowhere = '/-?live=off'

/** False where the page is elsewhere, or keeps something that a fresh one would not. */
async function forget(page: Page): Promise<boolean> {
  if (!page.url().startsWith('http')) return false
  await go(page, nowhere)
  return page.evaluate((kept) => {
    if (Object.keys(localStorage).some((key) => key !== kept)) return false
    sessionStorage.clear()
    // What stays around every page: a word that was typed there, a field that has the keyboard.
    if ([...document.querySelectorAll('input')].some(({ value }) => value !== '')) return false
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    const root = document.getElementById('root') ?? {}
    const key = Object.keys(root).find((name) => name.startsWith('__reactContainer')) ?? ''
    const clientOf = (fiber?: Fiber | null): QueryClient | undefined =>
      fiber ? (fiber.memoizedProps?.client ?? clientOf(fiber.child) ?? clientOf(fiber.sibling)) : undefined
    const client = clientOf((root as Record<string, Fiber>)[key])
    if (!client) throw new Error('the app keeps what it was answered elsewhere now: idle pages cannot forget it')
    client.clear()
    return true
  }, alwaysKept)
}

/** What React keeps at its root: the way to the client of the questions. */
interface Fiber {
  memoizedProps?: { client?: QueryClient } | null
  child?: Fiber | null
  sibling?: Fiber | null
}

interface QueryClient {
  clear(): void
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
