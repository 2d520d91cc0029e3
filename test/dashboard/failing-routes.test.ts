/**
 * Pages with each of the API's routes that they ask failing alone: the panels that need none of it go on. Answers are recorded once
 * and given again, so that only the page is at work. `FAILING_ROUTES=all` fails every route of every page in every way, for some
 * minutes; else each route fails once, on the page that asks the most and on those that are no panels.
 */
import type { Page, Route } from 'playwright-core'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { requests, trace } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const rows = requests(now, 60).map((row, index) => Object.assign(row, { session_id: `session-${index % 9}` }))
const call = rows.at(-1)!

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    await store(storage.db, 'spans', rows.slice(-20).flatMap(trace))
    await storeFleet(storage.db, now, 60)
  },
})

const paths = [
  '/',
  '/models',
  '/models/gpt-4o',
  '/endpoints',
  '/endpoints/openai',
  '/servers',
  '/servers/vllm-1:8000',
  '/gpus',
  '/gpus/gpu-node-1/0',
  '/uptime',
  '/requests',
  `/requests?open=${call.trace_id}.${call.span_id}`,
  `/traces/${call.trace_id}`,
  `/traces/${call.trace_id}?view=conversation`,
  '/sessions',
  `/sessions/${call.session_id}`,
  '/users',
  `/users/${call.user_id}`,
  '/cost',
  '/alerts',
  '/alerts?view=rules',
  '/alerts?view=slos',
  '/alerts?view=silences',
  '/alerts/rule',
  '/sql',
  '/schema',
  '/targets',
  '/ingest',
  '/settings',
  '/settings?view=prices',
  '/settings?view=keys',
  '/settings?view=retention',
]

const short: readonly string[] = ['/', '/alerts/rule', '/sql']

const failures = {
  'status 500': (route: Route) =>
    route.fulfill({ status: 500, json: { error: { message: 'Broken', hint: 'Mend it' } } }),
  'no JSON': (route: Route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"half": [1, 2' }),
  'status 401': (route: Route) =>
    route.fulfill({ status: 401, json: { error: { message: 'No key', hint: 'Log in' } } }),
  'no answer': () => Promise.resolve(),
}
type Failure = keyof typeof failures
const failureNames = Object.keys(failures) as Failure[]

interface Seen {
  /** Path of each route that was asked. */
  routes: string[]
  answers: Map<string, { status: number; body: string }>
  panels: string[]
}

const addressOf = (path: string) => `${here.site.url}${path}${path.includes('?') ? '&' : '?'}live=off`
const isApi = (url: URL) => url.pathname.startsWith('/api/')

/** Pages that are about one answer, beside which there is nothing to show without it. */
const abouts: readonly [path: string, route: string, failures: readonly Failure[]][] = [
  [`/sessions/${call.session_id}`, '/api/session', failureNames],
  ['/sql', '/api/schema', ['no answer']],
  ['/schema', '/api/schema', ['no answer']],
  ['/alerts/rule', '/api/alerts/kinds', ['no answer']],
]

/** Panels that are there for what an answer has, or are named by it. */
const ofAnswers: readonly [path: string, route: string, panel: RegExp][] = [
  ['/servers', '/api/servers/series', /^Prefix hits$/],
  ['/servers/vllm-1:8000', '/api/servers/series', /^Prefix hits$/],
  ['/uptime', '/api/uptime', /^Endpoints in /],
  ['/settings?view=retention', '/api/settings/retention', /^How to change it$/],
]

/** What panels the page has, and how each of them is. */
const panelsOf = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main .panel[aria-label]')].map((panel) => ({
      label: panel.getAttribute('aria-label') ?? '',
      waits: panel.querySelector('.skeleton') !== null,
      failed: panel.querySelector('[role="alert"]') !== null,
    })),
  )

/** The page as it is, and what it asked. */
async function look(page: Page, path: string): Promise<Seen> {
  const answers: Seen['answers'] = new Map()
  const reading: Promise<void>[] = []
  page.on('response', (response) => {
    const url = new URL(response.url())
    if (!isApi(url) || url.pathname === '/api/live' || response.request().method() !== 'GET') return
    const kept = response.text().then(
      (body) => void answers.set(url.pathname + url.search, { status: response.status(), body }),
      () => undefined,
    )
    reading.push(kept)
  })
  await page.goto(addressOf(path))
  await page.locator('main *').first().waitFor()
  await page.waitForLoadState('networkidle')
  await expect.poll(() => page.locator('main .skeleton').count()).toBe(0)
  await Promise.all(reading)
  const routes = [...new Set([...answers.keys()].map((asked) => asked.split('?')[0]!))]
  return { routes, answers, panels: (await panelsOf(page)).map(({ label }) => label) }
}

/** What is wrong with the panels, of those that the page had when nothing failed. */
function illPanels(panels: Awaited<ReturnType<typeof panelsOf>>, seen: Seen, needless?: RegExp): string[] {
  const labels = new Set(panels.map(({ label }) => label))
  const gone = seen.panels.filter((label) => !labels.has(label) && !needless?.test(label))
  const isWell = panels.some(({ waits, failed }) => !waits && !failed)
  return [
    ...(gone.length > 0 ? [`gone: ${gone.join(', ')}`] : []),
    ...(seen.panels.length > 2 && seen.routes.length > 6 && !isWell ? ['no panel is well'] : []),
  ]
}

const quiet = /Failed to load resource/

/** What is wrong with the page while one route fails. */
async function problems(path: string, seen: Seen, failing: string, failure: Failure): Promise<string[]> {
  const { page, complaints } = await here.browser.open('about:blank')
  const asked: string[] = []
  await page.route(isApi, (route) => {
    const url = new URL(route.request().url())
    if (url.pathname === failing) {
      asked.push(url.pathname)
      return failures[failure](route)
    }
    const known = seen.answers.get(url.pathname + url.search)
    if (url.pathname === '/api/live') return route.abort()
    return known ? route.fulfill({ ...known, contentType: 'application/json' }) : route.continue()
  })
  await page.goto(addressOf(path))
  await expect.poll(() => asked.length).toBeGreaterThan(0)
  const found: string[] = []
  const login = failing === '/api/status' && failure === 'status 401'
  const about = abouts.some(([page, route, ways]) => page === path && route === failing && ways.includes(failure))
  // Failures of the server are tried again before they are told.
  const isThere = login
    ? page.getByLabel('Key').waitFor({ timeout: 30_000 })
    : page.waitForFunction(
        (waits) => {
          const main = document.querySelector<HTMLElement>('main')
          const loading = document.querySelectorAll('main .skeleton, main [aria-busy="true"]').length
          return main !== null && main.innerText.trim() !== '' && (waits || loading === 0)
        },
        failure === 'no answer',
        { timeout: 30_000 },
      )
  await isThere.catch(() => about || found.push('blank, or waits for ever'))
  if (!login && !about) {
    const needless = ofAnswers.find(([page, route]) => page === path && route === failing)?.[2]
    const ill = async () => illPanels(await panelsOf(page), seen, needless)
    // Beside a question that is never answered, the answers to others are still to come.
    const areWell = async () => (await ill()).length === 0 || null
    await eventually('panels that need no answer of it', areWell, 30_000).catch(async () =>
      found.push(...(await ill())),
    )
    const text = (await page.locator('main').innerText()).match(
      /(Cannot read|undefined|is not (a function|iterable)).*/,
    )
    if (text) found.push(`says: ${text[0]}`)
  }
  found.push(...complaints.filter((complaint) => !quiet.test(complaint)))
  await page.close()
  return found.map((problem) => `${path}: ${failing} with ${failure}: ${problem}`.slice(0, 400))
}

const all = process.env['FAILING_ROUTES'] === 'all'
/** A route that many pages ask fails on the first of them. */
const failed = new Set<string>()

test.each(all ? paths : short)('%s', async (path) => {
  const { page, complaints } = await here.browser.open('about:blank')
  const seen = await look(page, path)
  expect(complaints.filter((complaint) => !quiet.test(complaint)).join('\n')).toBe('')
  await page.close()
  const cases: [route: string, failure: Failure][] = []
  for (const route of seen.routes) {
    if (all) cases.push(...failureNames.map((failure): [string, Failure] => [route, failure]))
    else if (!failed.has(route)) cases.push([route, failureNames[route.length % failureNames.length]!])
    failed.add(route)
  }
  const found: string[] = []
  // Some at once: most of each is waiting for retries.
  const work = cases.values()
  const worker = async () => {
    for (const [route, failure] of work) found.push(...(await problems(path, seen, route, failure)))
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  // As text, since the first line of a failure is all that is told of a test that passed at its second try.
  expect(found.join('\n')).toBe('')
})
