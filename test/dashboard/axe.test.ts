/** Every page by the rules of WCAG 2.2 AA, light and dark: axe finds nothing. A new page is one line of `paths`. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { go } from './browser.ts'
import { requests, trace } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const rows = requests(now, 60)

/** What shows that the page is there, beside its path. */
const paths: [path: string, shown: string][] = [
  ['/', 'table[aria-label="Models"]'],
  ['/?compare=on&from=1&to=2', 'h1'],
  ['/models', 'table[aria-label="Models"]'],
  ['/models/gpt-4o', '.thing-head'],
  ['/endpoints', 'table[aria-label="Endpoints"]'],
  ['/servers', '.panel .table, .panel-empty'],
  ['/servers/vllm-1:8000', '.panel .table, .panel-empty'],
  ['/gpus', '.panel .table'],
  ['/gpus/gpu-node-1/0', '.thing-head'],
  ['/cost', '.panel'],
  ['/sessions', '.panel'],
  ['/users', '.panel .table'],
  [`/users/${rows.at(-1)?.user_id}`, '.people-facts'],
  [`/traces/${rows.at(-1)?.trace_id}`, '.trace .facts'],
  ['/requests', 'table'],
  [`/requests?open=${rows.at(-1)?.trace_id}.${rows.at(-1)?.span_id}`, '.request'],
  ['/uptime', '.panel'],
  ['/alerts', 'main *'],
  ['/alerts/rule', 'main .cm-editor'],
  ['/sql', '.sql-page .cm-editor'],
  ['/schema', 'table'],
  ['/targets', '.panel'],
  ['/ingest', '.panel'],
  ['/settings', 'table[aria-label="Seen, not declared"]'],
  ['/settings?view=prices', 'table[aria-label="Models in use"]'],
  ['/settings?view=keys&row=new', 'form[aria-label="New key"]'],
  ['/settings?view=retention', '.panel'],
  ['/settings?view=installation', '.facts'],
  ['/nowhere', 'main'],
]

/** What opens over a page, and how. */
const opened: [name: string, path: string, shown: string, open: (page: Page) => Promise<void>][] = [
  [
    'the palette',
    '/uptime?live=off',
    '.panel',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.locator('.palette-list [role="option"]').first().waitFor()
    },
  ],
  [
    'the help',
    '/uptime?live=off',
    '.panel',
    async (page) => {
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    },
  ],
  [
    'the time range',
    '/uptime?live=off',
    '.panel',
    async (page) => {
      await page.keyboard.press('t')
      await page.getByLabel('Another').waitFor()
    },
  ],
  [
    'the menu of a panel',
    '/?live=off',
    'table[aria-label="Models"]',
    async (page) => {
      await page.getByLabel('Menu of Latency').click()
      await page.getByRole('menuitem', { name: 'Show query' }).waitFor()
    },
  ],
]

const rules: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations'],
}

/** All that a scheme changes. */
const coloursAlone: RunOptions = { ...rules, runOnly: ['color-contrast'] }

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    await store(storage.db, 'spans', rows.slice(-20).flatMap(trace))
    await storeFleet(storage.db, now, 60)
  },
})

/** The page of all tests, which go on in it as links lead: the app is loaded once. */
let page: Page
beforeAll(async () => ({ page } = await here.browser.open(`${here.site.url}/ingest`)))

const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const script = readFile(source, 'utf8')

/** What axe finds, as one line each that says where. */
async function findings(options: RunOptions): Promise<string[]> {
  const found = await page.evaluate(async (chosen) => {
    const { axe } = globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }
    return (await axe.run(chosen)).violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes
        .slice(0, 4)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.slice(0, 200)}`),
    }))
  }, options)
  return found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node}`))
}

/** One page in both schemes: it follows the system's, as it does for who has chosen none, so that it need not be loaded anew. */
async function inBothSchemes(): Promise<typeof nothing> {
  // By the debugger's way in: the page's own policy lets no script of ours in.
  await page.evaluate(await script)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
  const dark = await findings(coloursAlone)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.locator('html[data-mantine-color-scheme="light"]').waitFor()
  return { light: await findings(rules), dark }
}

const nothing = { light: [] as string[], dark: [] as string[] }

async function open(path: string, shown: string): Promise<void> {
  await go(page, path)
  await page.locator(shown).first().waitFor()
  // Answers of the page before are dimmed until those asked for are there.
  await expect.poll(() => page.locator('.skeleton, [data-dimmed="true"], main [aria-busy="true"]').count()).toBe(0)
}

test.each(paths)('%s', async (path, shown) => {
  await open(path, shown)
  expect(await inBothSchemes()).toEqual(nothing)
})

test.each(opened)('%s', async (_name, path, shown, act) => {
  await open(path, shown)
  await act(page)
  expect(await inBothSchemes()).toEqual(nothing)
  await page.keyboard.press('Escape')
})

test('a phone', async () => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open('/', 'table[aria-label="Models"]')
  expect(await inBothSchemes()).toEqual(nothing)
})
