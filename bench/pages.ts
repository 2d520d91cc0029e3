/**
 * Pages in a real Chromium on a processor four times slower, against the aims: first load interactive in 1.5 s, a change of page
 * in 200 ms, 60 frames a second while a list is scrolled: `npm run bench -- pages [rounds] [requests]`.
 */
import type { CDPSession, Page } from 'playwright-core'
import { testBrowser } from '../test/dashboard/browser.ts'
import { requests, trace } from '../test/dashboard/seed.ts'
import { gpuSamples, serverSamples } from '../test/dashboard/seed-fleet.ts'
import { serveTestPage } from '../test/dashboard/serve.ts'
import { store } from '../test/dashboard/store.ts'
import { testStorage } from '../storage/testing.ts'

const [rounds = 5, wanted = 100_000] = process.argv.slice(3).map(Number)
const slowdown = 4
/** Requests a minute of the seeded fleet. */
const perMinute = 49
const aims = { interactive: 1500, change: 200, frame: 1000 / 60 }

/** What to go to from the overview, and what shows that it is there. */
const changes: [path: string, shown: string][] = [
  ['/requests', 'table'],
  ['/gpus', '.panel .table'],
  ['/servers', '.panel'],
  ['/', 'table[aria-label="Models"]'],
]

const storage = await testStorage()
const now = Date.now()
const rows = requests(now, Math.ceil(wanted / perMinute))
for (let at = 0; at < rows.length; at += 20_000) await store(storage.db, 'requests', rows.slice(at, at + 20_000))
await store(storage.db, 'spans', rows.slice(-50).flatMap(trace))
await store(storage.db, 'gpu_samples', gpuSamples(now, 120))
await store(storage.db, 'server_samples', serverSamples(now, 120))
const site = await serveTestPage(storage.reader)
const browser = await testBrowser()
try {
  process.stdout.write(`${rows.length} requests, ${rounds} rounds, a processor ${slowdown} times slower.\n\n`)
  process.stdout.write('| what | median | slowest | aim | |\n|---|---|---|---|---|\n')
  const loads: number[] = []
  const changed = new Map<string, number[]>(changes.map(([path]) => [path, []]))
  const frames: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const { page, slow } = await slowPage()
    loads.push(await load(page))
    // The chunks of pages are there after one visit, as they are for people.
    for (const [path, shown] of changes) await change(page, path, shown)
    for (const [path, shown] of changes) changed.get(path)?.push(await change(page, path, shown))
    await change(page, '/requests', 'table')
    frames.push(...(await scrolled(page)))
    await slow.detach()
    await page.close()
  }
  report('overview interactive, ms', loads, aims.interactive)
  for (const [path, times] of changed) report(`change to ${path}, ms`, times, aims.change)
  report('frame while requests are scrolled, ms', frames, aims.frame)
  const late = frames.filter((frame) => frame > aims.frame * 1.5).length
  process.stdout.write(`\n${((late / Math.max(frames.length, 1)) * 100).toFixed(1)} % of frames came late.\n`)
} finally {
  await browser.close()
  await site.stop()
  await storage.stop()
}

async function slowPage(): Promise<{ page: Page; slow: CDPSession }> {
  const { page } = await browser.open('about:blank')
  const slow = await browser.context.newCDPSession(page)
  await slow.send('Network.setCacheDisabled', { cacheDisabled: true })
  await slow.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  return { page, slow }
}

/** From the navigation until charts and tables are drawn and the main thread rests: a key would be answered. */
async function load(page: Page): Promise<number> {
  await page.goto(`${site.url}/`, { waitUntil: 'commit' })
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (document.querySelector('.chart-curve') && document.querySelector('table[aria-label="Models"]'))
            requestIdleCallback(() => resolve(performance.now()))
          else requestAnimationFrame(look)
        }
        look()
      }),
  )
}

/** From the click on the rail until the page's own content is painted. */
function change(page: Page, path: string, shown: string): Promise<number> {
  return page.evaluate(
    ([to, wanted]) =>
      new Promise<number>((resolve) => {
        const started = performance.now()
        document.querySelector<HTMLElement>(`.rail-link[href^="${to}?"], .rail-link[href="${to}"]`)?.click()
        const look = () => {
          const there = location.pathname === to && document.querySelector(`main ${wanted}`)
          if (there) requestAnimationFrame(() => resolve(performance.now() - started))
          else requestAnimationFrame(look)
        }
        look()
      }),
    [path, shown] as const,
  )
}

/** The time between frames while the page, or the list in it, moves by 60 px each. */
function scrolled(page: Page): Promise<number[]> {
  return page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const lists = [...document.querySelectorAll<HTMLElement>('main .table-scroll, main [data-virtual]')]
        const list = lists.find((found) => found.scrollHeight > found.clientHeight + 1)
        const times: number[] = []
        let last = performance.now()
        const step = (at: number) => {
          times.push(at - last)
          last = at
          if (times.length > 121) return resolve(times.slice(1))
          if (list) list.scrollTop += 60
          else window.scrollBy(0, 60)
          requestAnimationFrame(step)
          return undefined
        }
        requestAnimationFrame(step)
      }),
  )
}

function report(what: string, times: readonly number[], aim: number): void {
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  // A frame's time wavers by the clock's grain.
  const verdict = median <= aim * 1.02 ? 'met' : 'not met'
  process.stdout.write(
    `| ${what} | ${median.toFixed(1)} | ${(sorted.at(-1) ?? Number.NaN).toFixed(1)} | ${aim.toFixed(1)} | ${verdict} |\n`,
  )
}
