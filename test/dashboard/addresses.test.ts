/** Addresses that people mistype, programs cut and names break: each opens a page that says something, and nothing is thrown. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { segmentOf } from '../../dashboard/web/src/lib/segment.ts'
import { go } from './browser.ts'
import { requests, trace } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const long = 'x'.repeat(6000)

/** Names that a path or a query has a meaning of its own for. */
const names = [
  'meta-llama/Llama-3.1-70B',
  'a/../b',
  '..',
  '.',
  '~tilde',
  '100%',
  '%E0%A4%A',
  '%2F',
  'what?',
  'a#b',
  'a&b=c',
  'with  spaces ',
  '🦙 llama',
  'نموذج',
  '\u202eesrever',
  'quote"\'`',
  'back\\slash',
  'line\nbreak',
  '<img src=x onerror=alert(1)>',
  'null\0byte',
  'index.js',
]

const here = testSite({
  prepare: async (storage) => {
    const rows = requests(now, 30)
    const odd = names.map((name, index) =>
      Object.assign(requests(now, 30, 9)[index]!, {
        model: name,
        requested_model: name,
        endpoint: name,
        user_id: name,
        session_id: name,
        service: name,
      }),
    )
    await store(storage.db, 'requests', [...rows, ...odd])
    await store(storage.db, 'spans', rows.slice(-5).flatMap(trace))
    await storeFleet(storage.db, now, 10)
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
  '/sessions',
  '/users',
  '/users/user-1',
  '/traces/00000000000000000000000000000000',
  '/sessions/nobody',
  '/cost',
  '/alerts',
  '/alerts/rule',
  '/alerts/silence',
  '/sql',
  '/schema',
  '/targets',
  '/ingest',
  '/settings',
]

/** What a query may hold instead of what it should. */
const nonsense = [
  'range=&from=&to=&q=&brush=&sort=&cols=&view=&row=&tz=&compare=&marks=&live=&environment=',
  'range=9999999d&range=1h&range=-1h',
  'from=yesterday&to=tomorrow',
  'from=1e309&to=-1',
  `from=${now}&to=${now - 1000}`,
  'from=0&to=1',
  'from=8999999999999&to=9000000000000',
  'from=2026-02-30T25:61:61Z&to=NaN',
  'brush=1,2,3&measure=everything',
  'brush=NaN,Infinity,-1,1e400',
  'brush=,,,',
  'brush=0,1,0,1&brush=2,3,2,3',
  'sort=-&sort=--duration',
  'sort=nothing&cols=nothing,at,all&by=nothing&baseline=nobody&view=nothing&row=nothing',
  'sort=constructor&cols=__proto__,constructor,tostring&by=constructor&view=constructor&row=__proto__',
  'tz=Mars/Olympus&compare=maybe&marks=perhaps&live=2',
  'tz=%00&environment=%00&model=%00',
  'q=duration%3E%3E2s&environment=none',
  'q=%22&name=%5B&find=%28',
  'q=nothing:1&model=&model=&model=a&model=a',
  `q=${long}&model=${long}&row=${long}&sql=${long}&server=${long}`,
  `name=${long}&tz=${long}&cols=${long}&view=${long}`,
  'open=.&issue=%7B&target=javascript:alert(1)&saved=../../etc&server=%2e%2e',
  'open=a.b&issue=null&target=%5B%5D&matchers=%7B%3D%3D&matcher=%22',
  'open=-.-&matchers=a%3D~%22(%22&param_=1&param_a=%25&sql=select%20{a:',
  'param___proto__=1&param_constructor=2&sql=select%20{constructor:String}',
  '%E0%A4%A=%E0%A4%A&q=%E0%A4%A&model=%ff',
  'filters=%7B%7D&filters[model]=a&__proto__=1&__proto__[filters]=x',
  Array.from({ length: 150 }, (_, index) => `model=m${index}`).join('&'),
  '&&&===&?&#&?',
]

/** Paths that name something in a way of their own, or nothing. */
const broken = [
  '/models/%E0%A4%A',
  '/models/%',
  '/models/%2F',
  '/models//',
  '/models/..%2f..%2fsettings',
  '/endpoints/%E0%A4%A?range=1h',
  '/users/%C0%80',
  '/sessions/%ED%A0%80',
  '/traces/%E0%A4%A',
  '/traces/not-a-trace',
  `/traces/${long}`,
  `/models/${long}`,
  '/gpus/%/%',
  '/gpus/nowhere/99',
  '/gpus/only-a-host',
  '//evil.example/models',
  '/%',
  '/%E0%A4%A/a',
  '/nowhere/at/all',
  '/index.html',
  '/models/index.js',
]

const things = ['/models/', '/endpoints/', '/servers/', '/users/', '/sessions/', '/traces/', '/gpus/gpu-node-1/']

/** Waits until the page has said all it has to say about the address; what it says. */
async function said(page: Page): Promise<string> {
  await page.waitForFunction(() => {
    const main = document.querySelector('main')
    if (main === null || document.querySelector('main .skeleton, main [aria-busy="true"]') !== null) return false
    return main.innerText.trim() !== '' || main.querySelector('input, svg, [contenteditable]') !== null
  })
  return page.evaluate(() => document.querySelector('main')?.innerText ?? '')
}

/** What the API refuses shows on the console too; that is no fault of the page. */
const isRefusal = (complaint: string) =>
  /Failed to load resource: the server responded with a status of (400|404|414|431|503)/.test(complaint)

/** The page that all walks go on in. */
let page: Page
let complaints: string[]
beforeAll(async () => {
  ;({ page, complaints } = await here.browser.open(`${here.site.url}/ingest`))
  await said(page)
})

async function walk(addresses: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const address of addresses) {
    await go(page, address)
    const text = await said(page).catch((error: unknown) => `blank: ${String(error)}`)
    const thrown = complaints.splice(0).filter((complaint) => !isRefusal(complaint))
    if (/could not be drawn|^blank|Something went wrong/.test(text)) thrown.push(text.slice(0, 200))
    found.push(...thrown.map((complaint) => `${address.slice(0, 200)}: ${complaint.slice(0, 300)}`))
  }
  return found
}

/** Every page with some of it, all of it on some page: `ADDRESSES=all` walks each with each, for some minutes. */
const all = process.env['ADDRESSES'] === 'all'

test.each(paths.entries().toArray())('nonsense in a query, page %i: %s', async (turn, path) => {
  const some = nonsense.filter((_, index) => all || index % paths.length === turn)
  expect(await walk(some.map((query) => `${path}?${query}`))).toEqual([])
})

test.each(things.entries().toArray())('names that mean something to a path, page %i: %s', async (turn, path) => {
  const some = names.filter((_, index) => all || index % things.length === turn)
  expect(await walk(some.map((name) => path + encodeURIComponent(segmentOf(name))))).toEqual([])
})

test('paths that are broken, walked and loaded', async () => {
  expect(await walk(broken.filter((path) => !path.startsWith('//')))).toEqual([])
  for (const path of broken.filter((path) => path.length < 1000)) {
    const answer = await page.goto(here.site.url + path)
    expect([path, answer?.status()]).toEqual([path, 200])
    expect(await said(page), path).not.toBe('')
    expect([path, complaints.splice(0).filter((complaint) => !isRefusal(complaint))]).toEqual([path, []])
  }
})
