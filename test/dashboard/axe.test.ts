/** Every page by the rules of WCAG 2.2 AA, light and dark: axe finds nothing. A new page is one line of `paths`. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { requests, trace } from './seed.ts'
import { gpuSamples, serverSamples } from './seed-fleet.ts'
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
const opened: [name: string, open: (page: Page) => Promise<void>][] = [
  [
    'the palette',
    async (page) => {
      await page.keyboard.press('Control+k')
      await page.locator('.palette-list [role="option"]').first().waitFor()
    },
  ],
  [
    'the help',
    async (page) => {
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    },
  ],
  [
    'the time range',
    async (page) => {
      await page.keyboard.press('t')
      await page.getByLabel('Another').waitFor()
    },
  ],
  [
    'the menu of a panel',
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

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    await store(storage.db, 'spans', rows.slice(-20).flatMap(trace))
    await store(storage.db, 'gpu_samples', gpuSamples(now, 60))
    await store(storage.db, 'server_samples', serverSamples(now, 60))
  },
})

const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const script = readFile(source, 'utf8')

/** What axe finds, as one line each that says where. */
async function findings(page: Page): Promise<string[]> {
  // By the debugger's way in: the page's own policy lets no script of ours in.
  await page.evaluate(await script)
  const found = await page.evaluate(async (options) => {
    const { axe } = globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }
    return (await axe.run(options)).violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes
        .slice(0, 4)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.slice(0, 200)}`),
    }))
  }, rules)
  return found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node}`))
}

async function settled(page: Page, shown: string): Promise<void> {
  await page.locator(shown).first().waitFor()
  await expect.poll(() => page.locator('.skeleton').count()).toBe(0)
}

const nothing = { light: [], dark: [] }

/** One page in both schemes: it follows the system's, as it does for who has chosen none, so that it need not be loaded anew. */
async function inBothSchemes(page: Page): Promise<Record<keyof typeof nothing, string[]>> {
  const found = { light: [] as string[], dark: [] as string[] }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
    found[colorScheme] = await findings(page)
  }
  return found
}

async function open(path: string, shown: string, size?: { width: number; height: number }): Promise<Page> {
  const { page } = await here.browser.open(`${here.site.url}${path}`, size)
  await settled(page, shown)
  return page
}

test.each(paths)('%s', async (path, shown) => {
  const page = await open(path, shown)
  expect(await inBothSchemes(page)).toEqual(nothing)
  await page.close()
})

test.each(opened)('%s', async (_name, act) => {
  const page = await open('/', 'table[aria-label="Models"]')
  await act(page)
  expect(await inBothSchemes(page)).toEqual(nothing)
  await page.close()
})

test('a phone', async () => {
  const page = await open('/', 'table[aria-label="Models"]', { width: 390, height: 844 })
  expect(await inBothSchemes(page)).toEqual(nothing)
  await page.close()
})
