/** The page of a trace in a real browser: 10,000 spans, one of them in full, what was said, and nothing that content can do to the page. */
import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { Span } from '../../records/span.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const begin = (now - 600_000) * 1000
const large = 'a'.repeat(32)
const small = 'b'.repeat(32)
const alone = 'c'.repeat(32)
const attack = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'

const id = (index: number) => index.toString(16).padStart(16, '0')

function span(trace_id: string, index: number, fields: Partial<Span>): Span {
  return {
    timestamp: begin,
    duration_ms: 10,
    trace_id,
    span_id: id(index),
    parent_span_id: '',
    name: 'step',
    kind: 'internal',
    service: 'answers',
    environment: 'test',
    scope_name: 'test',
    scope_version: '1',
    status: 'unset',
    status_message: '',
    attributes: new Map(),
    resource_attributes: new Map(),
    events: [],
    links: [],
    version: 1,
    ...fields,
  }
}

const call = (trace_id: string, index: number, fields: Partial<LlmRequest>): LlmRequest => ({
  ...emptyRequest(),
  timestamp: begin,
  duration_ms: 10,
  trace_id,
  span_id: id(index),
  model: 'gpt-4o',
  operation: 'chat',
  environment: 'test',
  version: 1,
  ...fields,
})

/** A root, 100 agents below it, 99 steps below each: every tenth step a call, every 500th failed. */
const agents = 100
const largeSpans = [
  span(large, 0, { name: 'run', duration_ms: 10_100 }),
  ...Array.from({ length: agents }, (_, agent) => {
    const at = begin + agent * 100_000
    const own = 1 + agent * 100
    return [
      span(large, own, { name: `agent ${agent}`, parent_span_id: id(0), timestamp: at, duration_ms: 100 }),
      ...Array.from({ length: 99 }, (_, step) =>
        span(large, own + 1 + step, {
          name: step % 10 === 0 ? `chat ${agent}` : `step ${agent}.${step}`,
          parent_span_id: id(own),
          timestamp: at + step * 1000,
          duration_ms: 1,
          status: (agent * 99 + step) % 500 === 499 ? 'error' : 'unset',
        }),
      ),
    ]
  }).flat(),
].slice(0, 10_000)
const largeCalls = largeSpans
  .filter(({ name }) => name.startsWith('chat'))
  .map((one) =>
    call(large, Number.parseInt(one.span_id, 16), {
      timestamp: one.timestamp,
      duration_ms: 1,
      ttft_ms: 0.4,
      input_tokens: 10,
      output_tokens: 2,
      cost_usd: 0.001,
    }),
  )

const prompt = JSON.stringify([
  { role: 'system', content: `Be brief ${attack}` },
  {
    role: 'user',
    name: attack,
    content: [
      {
        type: 'text',
        text: `# Hello\n\n[bank](https://evil.example/x) [run](javascript:window.hit=1) ![p](https://evil.example/pixel.png)\n\n${attack}`,
      },
      { type: 'image_url', image_url: { url: 'https://evil.example/tracker.png' } },
    ],
  },
  {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: 't1', function: { name: attack, arguments: '{"q":"<b>"}' } }],
  },
  { role: 'tool', tool_call_id: 't1', content: attack },
  { role: 'user', content: `${'>'.repeat(4500)}${'[*'.repeat(1000)}${'_**a '.repeat(500)}` },
])

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'spans', largeSpans)
    await store(storage.db, 'requests', largeCalls)
    await store(storage.db, 'spans', [
      span(small, 1, { name: 'POST /answer', duration_ms: 3000 }),
      span(small, 2, {
        name: attack,
        parent_span_id: id(1),
        timestamp: begin - 40_000,
        duration_ms: 2000,
        status: 'error',
        status_message: attack,
        attributes: new Map([[attack, attack]]),
      }),
      span(small, 3, { name: 'lost', parent_span_id: 'f'.repeat(16), timestamp: begin + 100_000 }),
      span(small, 4, { name: 'chat', parent_span_id: id(1), timestamp: begin + 500_000, duration_ms: 2500 }),
    ])
    await store(storage.db, 'requests', [
      call(small, 4, {
        timestamp: begin + 500_000,
        duration_ms: 2500,
        ttft_ms: 500,
        streamed: true,
        model: attack,
        endpoint: 'llama-70b',
        instance: 'vllm-1:8000',
        user_id: attack,
        session_id: `s/${attack}`,
        status: 'error',
        error_type: attack,
        attempt: 2,
        input: prompt,
        output: '**Done** at https://docs.example/a',
      }),
      call(alone, 9, { model: 'imported', duration_ms: 70 }),
    ])
    await storeFleet(storage.db, now, 30)
    await storage.db.insert('topology', [
      {
        server: 'vllm',
        version: 1,
        valid_from: (now - 7_200_000) * 1000,
        endpoint_source: 'config',
        endpoint: 'llama-70b',
        instance: 'vllm-1:8000',
        model: attack,
        host: 'gpu-node-1',
        gpu_uuids: ['GPU-0', 'GPU-1'],
        mig_ids: ['', ''],
        gpu_source: 'host',
        why: 'configured',
      },
    ])
  },
})

/** The machine may be busy. */
const patient = { timeout: 60_000 }
const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()
const factOf = async (page: Page, name: string) =>
  plain(
    await page
      .locator('.trace-summary dt', { hasText: new RegExp(`^${name}$`) })
      .locator('xpath=..')
      .locator('dd')
      .innerText(),
  )
const rows = (page: Page) => page.getByRole('treeitem')
const hits = (page: Page) => page.evaluate(() => (window as unknown as { hit?: number }).hit ?? 0)

/** Pictures to look at, where somebody asks for them. */
async function picture(page: Page, name: string) {
  const folder = process.env.INFERWATCH_SHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png` })
}

test('10,000 spans: what is said of them is what SQL says, and few of them are rows', async () => {
  const [stored] = await here.storage.reader.query<{ spans: number; failed: number; first: string }>(
    `select count() as spans, countIf(status = 'error') as failed from spans where trace_id = {id:String}`,
    { id: large },
  )
  const [calls] = await here.storage.reader.query<{ calls: number; cost: number }>(
    `select count() as calls, toFloat64(sum(cost_usd)) as cost from requests where trace_id = {id:String}`,
    { id: large },
  )
  expect(stored?.spans).toBe(10_000)
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${large}`)
  await rows(page).first().waitFor()
  expect(await factOf(page, 'Spans')).toBe('10,000')
  expect(await factOf(page, 'Failed')).toBe(String(stored?.failed))
  expect(calls?.calls).toBe(1000)
  await expect.poll(() => factOf(page, 'LLM calls')).toBe('1,000')
  await expect.poll(() => factOf(page, 'Cost')).toBe(`$${calls?.cost.toFixed(2)}`)
  expect(await rows(page).count()).toBeLessThan(60)
  await picture(page, 'large-1440')

  // To its end by keyboard, and the row is there.
  const tree = page.getByRole('tree', { name: 'Spans' })
  await tree.focus()
  await page.keyboard.press('End')
  await expect.poll(() => rows(page).last().innerText(), patient).toContain('step 99.9')
  expect(await rows(page).count()).toBeLessThan(60)

  await page.getByRole('button', { name: 'Only LLM steps' }).click()
  await expect
    .poll(() => page.locator('.trace-tools [role=status]').innerText(), patient)
    .toBe('1,000 of 10,000 spans shown')
  await page.getByRole('button', { name: 'Only LLM steps' }).click()
  await page.getByRole('searchbox', { name: 'Find spans' }).fill('agent 42')
  await expect.poll(() => rows(page).count(), patient).toBe(1)
  await page.getByRole('searchbox', { name: 'Find spans' }).fill('')
  await page.getByRole('button', { name: 'Next error' }).click()
  await expect.poll(() => page.locator('.trace-row[data-marked=true] [data-level=critical]').count(), patient).toBe(1)
  await page.getByRole('button', { name: 'Zoom to span' }).click()
  await expect.poll(async () => plain(await page.locator('.trace-axis').innerText()), patient).toMatch(/^\d+ ms/)
  await picture(page, 'zoomed-1440')
  await page.getByRole('button', { name: 'Whole trace' }).click()
  await page.getByRole('button', { name: 'Collapse all' }).click()
  await expect.poll(() => rows(page).count(), patient).toBe(1)
  expect(plain(await rows(page).innerText())).toContain('9,999 below')
  expect(complaints).toEqual([])
  await page.close()
})

test('by keyboard: down, collapse, open, follow, close; the open span is in the URL', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${small}`)
  const tree = page.getByRole('tree', { name: 'Spans' })
  await tree.focus()
  await page.keyboard.press('j')
  await page.keyboard.press('ArrowLeft')
  await expect.poll(() => rows(page).count(), patient).toBe(2)
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => rows(page).count(), patient).toBe(4)
  await page.keyboard.press('Enter')
  const side = page.getByRole('complementary', { name: 'Span' })
  await expect.poll(async () => plain(await side.locator('h2').innerText()), patient).toBe('POST /answer')
  expect(new URL(page.url()).searchParams.get('row')).toBe(id(1))
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => new URL(page.url()).searchParams.get('row'), patient).toBe(id(2))
  await page.keyboard.press('Escape')
  await expect.poll(() => side.count(), patient).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('folded spans are in the URL: a link shows them so, back too', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${large}`)
  await page.getByRole('button', { name: 'Collapse all' }).click()
  await expect.poll(() => rows(page).count(), patient).toBe(1)
  await page.getByRole('button', { name: 'Expand run' }).click()
  await page.getByRole('button', { name: 'Expand agent 1', exact: true }).click()
  const shown = () => page.locator('.trace-tools [role=status]').innerText()
  await expect.poll(shown, patient).toBe('200 of 10,000 spans shown')
  const address = page.url()
  expect(new URL(address).searchParams.get('folded')).toBe(`all,${id(0)},${id(101)}`)
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).click()
  await page.waitForURL(({ pathname }) => pathname === '/models')
  await page.goBack()
  await expect.poll(shown, patient).toBe('200 of 10,000 spans shown')
  await page.goto(address)
  await expect.poll(shown, patient).toBe('200 of 10,000 spans shown')
  await page.getByRole('button', { name: 'Expand all' }).click()
  await expect.poll(() => new URL(page.url()).searchParams.has('folded'), patient).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})

test('what is wrong with the trace is said, and text of clients stays text', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${small}?row=${id(4)}`)
  await rows(page).first().waitFor()
  expect(await rows(page).filter({ hasText: 'clock' }).count()).toBe(1)
  expect(await rows(page).filter({ hasText: 'no parent' }).innerText()).toContain('lost')
  expect(await rows(page).filter({ hasText: 'attempt 2' }).count()).toBe(1)
  const marker = page.locator('.trace-row[data-call=true] .trace-track u')
  expect(plain(await marker.getAttribute('title'))).toBe('First token after 500 ms')

  const side = page.getByRole('complementary', { name: 'Span' })
  const content = side.getByRole('region', { name: 'Content' })
  await content.getByText('Done', { exact: true }).waitFor()
  expect(await content.getByRole('link', { name: 'bank' }).getAttribute('rel')).toContain('noreferrer')
  expect(plain(await content.innerText())).toContain('(evil.example)')
  expect(await content.getByRole('link', { name: 'run' }).count()).toBe(0)
  expect(await page.locator('.trace-side img, .trace-side script').count()).toBe(0)
  expect(plain(await content.innerText())).toContain(attack)

  const under = side.getByRole('figure', { name: 'vllm-1:8000 around the call' })
  await under.waitFor()
  for (const name of ['Queue', 'Running', 'KV cache', 'GPU 0', 'VRAM', 'GPU 1'])
    expect(await under.locator('.under-track', { hasText: name }).count(), name).toBeGreaterThan(0)
  await picture(page, 'small-side-1440')
  await page.goto(`${here.site.url}/traces/${small}?row=${id(2)}`)
  await side.getByText(attack).first().waitFor()
  expect(await hits(page)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('the conversation, rendered and as stored; nothing of it is fetched', async () => {
  const asked: string[] = []
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${small}?view=conversation`)
  page.on('request', (request) => asked.push(request.url()))
  await page.reload()
  const said = page.getByRole('region', { name: 'Conversation' })
  await said.getByText('Done', { exact: true }).waitFor()
  expect(await said.locator('.message').evaluateAll((all) => all.map((one) => one.getAttribute('data-role')))).toEqual([
    'system',
    'user',
    'assistant',
    'tool',
    'user',
    'assistant',
  ])
  expect(plain(await said.innerText())).toMatch(/image\s+https:\/\/evil\.example\/tracker\.png/)
  expect(await said.getByRole('button', { name: /Show all 9,000 characters/ }).count()).toBe(1)
  await picture(page, 'conversation-1440')
  await said.getByRole('button', { name: 'As stored' }).click()
  await expect
    .poll(async () => plain(await said.locator('.stored').first().innerText()), patient)
    .toContain('"role":"system"')
  expect(asked.filter((url) => !url.startsWith(here.site.url))).toEqual([])
  expect(await hits(page)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('a call without spans is a trace all the same, and says that nothing of it is stored', async () => {
  const { page } = await here.browser.open(`${here.site.url}/traces/${alone}`)
  await rows(page).first().click()
  const side = page.getByRole('complementary', { name: 'Span' })
  await side.getByText('This call was stored without a span.').waitFor()
  expect(plain(await side.getByRole('region', { name: 'Content' }).innerText())).toContain('content: redacted')
  expect(plain(await side.getByRole('region', { name: 'Under it' }).innerText())).toContain('scrape.targets')
  await page.close()
})

test('no such trace, and an API that fails', async () => {
  const { page } = await here.browser.open(`${here.site.url}/traces/${'d'.repeat(32)}`)
  await page.getByText(`No trace ${'d'.repeat(32)}`).waitFor()
  await page.route('**/api/traces/**', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'It broke', hint: 'Wait' } } }),
  )
  await page.goto(`${here.site.url}/traces/${small}`)
  await page.getByText('It broke').waitFor()
  await page.unroute('**/api/traces/**')
  await page.getByRole('button', { name: 'Retry' }).click()
  await expect.poll(() => rows(page).count(), patient).toBe(4)
  await page.close()
})

test('on a phone nothing is wider than the screen', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/traces/${small}?row=${id(4)}`, {
    width: 390,
    height: 844,
  })
  await page.getByRole('complementary', { name: 'Span' }).getByText('Done', { exact: true }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await picture(page, 'small-390')
  expect(complaints).toEqual([])
  await page.close()
})
