/** Every page by the rules of WCAG 2.2 AA, light and dark: axe finds nothing. A new page is one line of `paths`. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
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
  await expect.poll(() => page.locator('.skeleton').count(), { timeout: 20_000 }).toBe(0)
}

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  async function open(path: string) {
    const { page } = await here.browser.open('about:blank')
    await page.addInitScript((value) => localStorage.setItem('mantine-color-scheme-value', value), scheme)
    await page.goto(`${here.site.url}${path}`)
    return page
  }

  test.each(paths)('%s', async (path, shown) => {
    const page = await open(path)
    await settled(page, shown)
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(scheme)
    expect(await findings(page)).toEqual([])
    await page.close()
  })

  test.each(opened)('%s', async (_name, act) => {
    const page = await open('/')
    await settled(page, 'table[aria-label="Models"]')
    await act(page)
    expect(await findings(page)).toEqual([])
    await page.close()
  })

  test('a phone', async () => {
    const page = await open('/')
    await page.setViewportSize({ width: 390, height: 844 })
    await settled(page, 'table[aria-label="Models"]')
    expect(await findings(page)).toEqual([])
    await page.close()
  })
})
