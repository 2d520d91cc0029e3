/**
 * Pages in a real Chromium, as fast as this machine is and on a processor four times slower, against the aims: first load interactive
 * in 1.5 s on the slow one, a change of page in 200 ms, 60 frames a second while a list is scrolled:
 * `npm run bench -- pages [rounds] [requests]`.
 */
import type { CDPSession, Page } from 'playwright-core'
import { testBrowser } from '../test/dashboard/browser.ts'
import { requests, trace } from '../test/dashboard/seed.ts'
import { gpuSamples, serverSamples } from '../test/dashboard/seed-fleet.ts'
import { serveTestPage } from '../test/dashboard/serve.ts'
import { store } from '../test/dashboard/store.ts'
import { testStorage } from '../storage/testing.ts'

const [rounds = 5, wanted = 100_000] = process.argv.slice(3).map(Number)
const slowdowns = [1, 4]
/** Requests a minute of the seeded fleet. */
const perMinute = 49
const aims = { interactive: 1500, change: 200, frame: 1000 / 60 }

/** A row of the list of requests. */
const listed = '.explorer tbody tr[data-id]'

/** What to go to from the overview, and what of it no other page has. */
const changes: [path: string, own: string][] = [
  ['/requests', listed],
  ['/gpus', '[aria-label="GPU utilisation"]'],
  ['/servers', '[aria-label="Inference servers"]'],
  ['/', '.overview [aria-label="Endpoints"]'],
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
  process.stdout.write(`${rows.length} requests, ${rounds} rounds.\n`)
  for (const slowdown of slowdowns) await measure(slowdown)
} finally {
  await browser.close()
  await site.stop()
  await storage.stop()
}

async function measure(slowdown: number): Promise<void> {
  const head = slowdown === 1 ? 'This machine' : `A processor ${slowdown} times slower`
  process.stdout.write(`\n${head}:\n\n| what | median | slowest | aim | |\n|---|---|---|---|---|\n`)
  const loads: Load[] = []
  const changed = new Map<string, number[]>(changes.map(([path]) => [path, []]))
  const frames: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const { page, slow } = await slowPage(slowdown)
    loads.push(await load(page))
    // The chunks of pages are there after one visit, as they are for people.
    for (const [path, own] of changes) await change(page, path, own)
    for (const [path, own] of changes) changed.get(path)?.push(await change(page, path, own))
    await change(page, '/requests', listed)
    frames.push(...(await scrolled(page)))
    await slow.detach()
    await page.close()
  }
  const of = (key: keyof Load) => loads.map((one) => one[key])
  report('overview interactive, ms', of('interactive'), aims.interactive)
  report('all of the overview drawn, ms', of('whole'))
  report('keys unanswered while it loads, ms', of('blocked'))
  for (const [path, times] of changed) report(`change to ${path}, ms`, times, aims.change)
  report('frame while requests are scrolled, ms', frames, aims.frame)
  const late = frames.filter((frame) => frame > aims.frame * 1.5).length
  process.stdout.write(`\n${((late / Math.max(frames.length, 1)) * 100).toFixed(1)} % of frames came late.\n`)
}

async function slowPage(slowdown: number): Promise<{ page: Page; slow: CDPSession }> {
  const { page } = await browser.open('about:blank')
  const slow = await browser.context.newCDPSession(page)
  await slow.send('Network.setCacheDisabled', { cacheDisabled: true })
  await slow.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  return { page, slow }
}

/** Of a first load, in ms from the navigation. */
interface Load {
  /** All in sight is drawn, and the main thread rests: a key would be answered. */
  interactive: number
  /** Every chart and table is drawn, those below the window too. */
  whole: number
  /** What tasks took beyond 50 ms each. */
  blocked: number
}

async function load(page: Page): Promise<Load> {
  await page.goto(`${site.url}/`, { waitUntil: 'commit' })
  return page.evaluate(async () => {
    let blocked = 0
    const watch = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) blocked += duration - 50
    })
    watch.observe({ type: 'longtask', buffered: true })
    const waiting = () => [...document.querySelectorAll('main .skeleton')]
    const inSight = (element: Element) => element.getBoundingClientRect().top < innerHeight
    const rest = (when: () => boolean) =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (when()) requestIdleCallback(() => resolve(performance.now()))
          else requestAnimationFrame(look)
        }
        look()
      })
    const there = () => document.querySelector('main .number-value') !== null
    const interactive = await rest(() => there() && !waiting().some(inSight))
    const whole = await rest(() => waiting().length === 0)
    return { interactive, whole, blocked }
  })
}

/** From the click on the rail until all in sight of the page is drawn and painted. */
function change(page: Page, path: string, own: string): Promise<number> {
  return page.evaluate(
    ([to, wanted]) =>
      new Promise<number>((resolve) => {
        const started = performance.now()
        document.querySelector<HTMLElement>(`.rail-link[href^="${to}?"], .rail-link[href="${to}"]`)?.click()
        const inSight = (element: Element) => element.getBoundingClientRect().top < innerHeight
        const look = () => {
          const there = location.pathname === to && document.querySelector(`main ${wanted}`)
          const drawn = there && ![...document.querySelectorAll('main .skeleton')].some(inSight)
          if (drawn) requestAnimationFrame(() => resolve(performance.now() - started))
          else requestAnimationFrame(look)
        }
        look()
      }),
    [path, own] as const,
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

function report(what: string, times: readonly number[], aim?: number): void {
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  // A frame's time wavers by the clock's grain.
  const verdict = aim === undefined ? '' : median <= aim * 1.02 ? 'met' : 'not met'
  const slowest = (sorted.at(-1) ?? Number.NaN).toFixed(1)
  process.stdout.write(`| ${what} | ${median.toFixed(1)} | ${slowest} | ${aim?.toFixed(1) ?? ''} | ${verdict} |\n`)
}
