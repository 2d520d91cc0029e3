/** The pages of models in a real browser: figures against SQL, any name, versions side by side, and what it is like when things fail. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { alertsHarness, type Harness } from '../../alerts/testing/harness.ts'
import { formatCount, formatMs, formatRatio, formatUsd } from '../../dashboard/web/src/lib/format.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import { requests, trace } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const [from, to] = [now - 3_600_000, now]
const fixed = `?from=${from}&to=${to}`
const phone = { width: 390, height: 844 }
const patient = { timeout: 60_000 }
const evil = '<img src=x onerror="window.hurt = true">'

/** Every second call of gpt-4o has the newer version, which takes half as long again, and fails in one case of five. */
function versioned(row: LlmRequest, index: number): LlmRequest {
  if (row.model !== 'gpt-4o') return row
  const newer = index % 2 === 0
  const failed = newer && index % 5 === 0
  return {
    ...row,
    model_version: newer ? '2024-08-06' : '2024-05-13',
    region: ['eu', 'us'][Math.floor(index / 2) % 2] ?? '',
    duration_ms: row.duration_ms === null ? null : row.duration_ms * (newer ? 2.5 : 1),
    context_window: 128_000,
    cache_savings_usd: row.cost_usd === null ? null : row.cost_usd / 5,
    ...(failed && { status: 'error' as const, error_type: 'overloaded_error', http_status: 529 }),
  }
}

const seeded = requests(now, 120).map(versioned)
const example = seeded.findLast(({ model }) => model === 'gpt-4o') ?? seeded[0]
/** Three calls of each: more of them than of nobody. */
const names = ['org/model', '..', 'a%2Fb', '', 'who?#x', evil]
const hostile = names.flatMap((model, place) =>
  [0, 1, 2].map((index) =>
    Object.assign({}, example as LlmRequest, {
      timestamp: (now - 600_000 - place * 1000 - index) * 1000,
      trace_id: `${place}${index}`.padStart(32, 'e'),
      span_id: `${place}${index}`.padStart(16, 'e'),
      model,
      ...(model === evil && {
        provider: evil,
        endpoint: evil,
        region: evil,
        model_version: evil,
        variant: evil,
        finish_reason: evil,
        error_type: evil,
        status: 'error' as const,
      }),
    }),
  ),
)

let room: Harness
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(
      storage,
      `
groups:
  - name: objectives
    rules:
      - { alert: FastEnough, kind: slo, indicator: latency, max_latency: 6s, objective: 50%, where: { model: gpt-4o }, period: 3d }
`,
    )
    // The harness begins with an empty table.
    await store(storage.db, 'requests', [...seeded, ...hostile])
    await store(storage.db, 'spans', seeded.slice(-20).flatMap(trace))
    return { alerts: await room.start() }
  },
})
afterAll(() => room?.stop())

const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()
const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

const sql = <T>(select: string, where = '') =>
  here.storage.reader.query<T>(
    `select ${select} from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64})
    and timestamp < fromUnixTimestamp64Milli({to:Int64}) ${where}`,
    { from, to },
  )

const failed = "status in ('error', 'rate_limited', 'timeout')"

/** The cells of a table by the head of their column; of two with one head the first. */
async function cellsOf(page: Page, label: string): Promise<Record<string, string>[]> {
  const table = page.getByRole('table', { name: label })
  await table.locator('tbody tr').first().waitFor()
  const heads = (await table.locator('thead th').allInnerTexts()).map((head) => head.replace(/[↓↑]/, '').trim())
  const rows = await table
    .locator('tbody tr')
    .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent)))
  return rows.map((cells) =>
    Object.fromEntries(heads.map((head, index) => [head, plain(cells[index] ?? '')] as const).toReversed()),
  )
}

const legend = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true }).locator('.legend')

describe('the list', () => {
  test('each model with the figures of SQL; what nobody told is a dash', async () => {
    const { page, complaints } = await open(`/models${fixed}`)
    const expected = await sql<{
      model: string
      requests: number
      errors: number
      p95: number
      cached: number
      cost: number | null
      tokens: number
    }>(
      `model, count() as requests, countIf(${failed}) / count() as errors, quantilesExact(0.95)(duration_ms)[1] as p95,
      sum(cached_input_tokens) / sum(input_tokens) as cached, toFloat64(sum(cost_usd)) as cost,
      sum(input_tokens) + sum(output_tokens) as tokens`,
      'group by model order by requests desc, model',
    )
    const shown = await cellsOf(page, 'Models')
    expect(shown.map(({ Model }) => Model)).toEqual(expected.map(({ model }) => model || 'no model name'))
    for (const [index, row] of expected.entries()) {
      expect(shown[index]).toMatchObject({
        Requests: plain(formatCount(row.requests)),
        Errors: plain(formatRatio(row.errors)),
        P95: plain(formatMs(row.p95)),
        Cached: plain(formatRatio(row.cached)),
      })
      expect(shown[index]?.['Spend']?.replace('*', '')).toBe(plain(formatUsd(row.cost)))
      expect(shown[index]?.['$ /1M tokens']?.replace('*', '')).toBe(
        plain(formatUsd(row.cost === null ? null : (row.cost / row.tokens) * 1e6)),
      )
    }
    expect(shown.find(({ Model }) => Model === 'qwen2.5-coder')).toMatchObject({ 'TTFT P50': '—', Spend: '—' })
    expect(complaints).toEqual([])
    await page.close()
  })

  test('its usual columns fit a screen of 1440 px, all of them a wider one; the rest by choice, in the address', async () => {
    const { page, complaints } = await open(`/models${fixed}`)
    const table = page.getByRole('table', { name: 'Models' })
    const heads = async () => (await table.locator('thead th').allInnerTexts()).map((text) => text.replace(/[↓↑]/, ''))
    const fits = () => table.evaluate(({ parentElement: box }) => box && box.scrollWidth <= box.clientWidth)
    await table.waitFor()
    const usual = await heads()
    expect([usual.includes('P50'), usual.includes('P95'), await fits()]).toEqual([false, true, true])

    await page.getByRole('button', { name: 'Columns' }).click()
    const columns = page.getByRole('group', { name: 'Columns of the list' })
    expect(await columns.getByRole('checkbox', { name: '± Spend' }).isChecked()).toBe(true)
    await columns.getByRole('checkbox', { name: 'P50', exact: true }).check()
    await columns.getByRole('checkbox', { name: 'Cached' }).uncheck()
    await page.waitForURL(({ searchParams }) => searchParams.get('cols')?.includes('p50_ms') === true)
    const chosen = await heads()
    expect([chosen.includes('P50'), chosen.includes('Cached')]).toEqual([true, false])
    const address = page.url()
    await columns.getByRole('button', { name: 'The usual columns' }).click()
    await expect.poll(heads).toEqual(usual)
    expect(new URL(page.url()).searchParams.has('cols')).toBe(false)
    await page.goto(address)
    await table.waitFor()
    expect(await heads()).toEqual(chosen)
    // What a link sorts by is in sight.
    await page.goto(`${here.site.url}/models${fixed}&cols=errors&sort=-p99_ms`)
    await expect.poll(heads).toEqual(['Model', 'Errors', 'P99'])

    await page.goto(`${here.site.url}/models${fixed}`)
    await page.setViewportSize({ width: 1920, height: 1000 })
    await expect.poll(async () => (await heads()).length).toBe(usual.length + 3)
    expect(await fits()).toBe(true)
    await page.setViewportSize(phone)
    const menu = page.getByRole('region', { name: 'Models' }).locator('.panel-menu')
    await expect.poll(() => menu.evaluate((button) => button.getBoundingClientRect().right <= 380)).toBe(true)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('order and names stand in the URL; j and enter open a page, back comes back', async () => {
    const { page } = await open(`/models${fixed}&sort=p95_ms`)
    const rows = page.getByRole('table', { name: 'Models' }).locator('tbody tr')
    await rows.first().waitFor()
    await page.getByRole('button', { name: 'P95', exact: true }).click()
    await page.waitForURL(/sort=-p95_ms/)
    const slowest = await sql<{ model: string }>(
      'model',
      'group by model order by quantilesExact(0.95)(duration_ms)[1] desc limit 2',
    )
    await expect.poll(async () => (await cellsOf(page, 'Models'))[0]?.['Model']).toBe(slowest[0]?.model)
    await page.getByLabel('Filter models by name').fill('GPT-4o')
    await page.waitForURL(/name=GPT-4o/)
    await expect.poll(() => rows.count(), patient).toBe(2)
    await rows.first().focus()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/models\/gpt-4o/)
    expect(new URL(page.url()).searchParams.has('sort')).toBe(false)
    expect(new URL(page.url()).searchParams.get('from')).not.toBeNull()
    await page.goBack()
    await page.waitForURL(/name=GPT-4o/)
    await expect.poll(() => rows.count(), patient).toBe(2)
    await page.getByLabel('Filter models by name').fill('nobody')
    await page.getByText('No name contains “nobody”').waitFor()
    await page.close()
  })
})

describe('the page of one', () => {
  test('figures, errors, finish reasons and savings are those of SQL, the objective is drawn in', async () => {
    const { page, complaints } = await open(`/models/gpt-4o${fixed}`)
    const [row] = await sql<{ requests: number; ratio: number; p95: number; saved: number; ended: number }>(
      `count() as requests, countIf(${failed}) / count() as ratio, quantilesExact(0.95)(duration_ms)[1] as p95,
      toFloat64(sum(cache_savings_usd)) as saved, countIf(finish_reason = 'stop') as ended`,
      "and model = 'gpt-4o'",
    )
    const figure = async (name: string) =>
      plain(await page.locator(`[data-figure="${name}"] .number-value`).textContent()).replace(' ', '')
    await page.locator('[data-figure="Requests"] .number-value').waitFor()
    expect(await figure('Requests')).toBe(plain(formatCount(row?.requests)).replace(' ', ''))
    expect(await figure('Errors')).toBe(plain(formatRatio(row?.ratio)).replace(' ', ''))
    expect(await figure('P95 latency')).toBe(plain(formatMs(row?.p95)).replace(' ', ''))

    await expect
      .poll(async () => plain(await legend(page, 'Latency').innerText()), patient)
      .toMatch(/P50[^]*P95[^]*P99[^]*objective: 50 % within 6 s/)
    await page.getByText('FastEnough').waitFor()
    const errors = await sql<{ class: string; errors: number }>(
      "if(status = 'rate_limited', 'rate limited', error_type) as class, count() as errors",
      `and model = 'gpt-4o' and ${failed} group by class order by errors desc`,
    )
    expect(errors.map((one) => one.class)).toContain('overloaded_error')
    const classes = () =>
      legend(page, 'Errors by class')
        .locator('tbody tr')
        .evaluateAll((found) => found.map((one) => [...one.children].slice(0, 2).map((cell) => cell.textContent)))
    await expect.poll(classes).toEqual(errors.map((one) => [one.class, String(one.errors)]))
    await expect
      .poll(async () => plain(await legend(page, 'Finish reasons').innerText()), patient)
      .toMatch(new RegExp(`stop\\s+${row?.ended}\\s`))
    await expect
      .poll(async () => plain(await legend(page, 'Cache savings').innerText()), patient)
      .toContain(plain(formatUsd(row?.saved)))
    await page.getByText('requests in flight, from the time that calls overlap').waitFor()
    await expect.poll(() => page.locator('.chart').count(), patient).toBe(13)
    expect(await page.getByRole('region', { name: 'Servers under it' }).count()).toBe(0)
    expect(complaints).toEqual([])
    await page.getByRole('button', { name: 'All its requests' }).click()
    await page.waitForURL(/\/requests\?.*model=gpt-4o/)
    await page.close()
  })

  test('a filter of the page holds on it; its own name can’t be filtered away', async () => {
    const { page } = await open(`/models/gpt-4o${fixed}&team=search&model=gpt-4o-mini`)
    const [row] = await sql<{ requests: number }>('count() as requests', "and model = 'gpt-4o' and team = 'search'")
    await expect
      .poll(async () => plain(await page.locator('[data-figure="Requests"] .number-value').textContent()), patient)
      .toBe(plain(formatCount(row?.requests)))
    await page.close()
  })

  test('a logarithmic scale is a click away, the SQL of a panel another', async () => {
    const { page } = await open(`/models/gpt-4o${fixed}`)
    const latency = page.getByRole('region', { name: 'Latency', exact: true })
    await latency.locator('.chart').waitFor()
    await page.getByLabel('Menu of Latency', { exact: true }).click()
    await page.getByText('Log scale').click()
    await page.getByLabel('Menu of Latency', { exact: true }).click()
    await page.getByText('Linear scale').waitFor()
    await page.getByText('Show query').click()
    const query = page.getByText('quantilesExact').first()
    await query.waitFor()
    expect(await query.textContent()).toContain('duration_ms')
    await page.close()
  })
})

describe('versions side by side', () => {
  test('the newer one fails and takes longer, beyond noise; a click makes it the one compared with', async () => {
    const { page, complaints } = await open(`/models/gpt-4o${fixed}`)
    const expected = await sql<{ model_version: string; requests: number; p95: number }>(
      'model_version, count() as requests, quantilesExact(0.95)(duration_ms)[1] as p95',
      "and model = 'gpt-4o' group by model_version order by requests desc, model_version",
    )
    const shown = await cellsOf(page, 'Side by side')
    expect(shown.map(({ Version }) => Version?.replace(' baseline', ''))).toEqual(
      expected.map(({ model_version }) => model_version),
    )
    for (const [index, { requests: count, p95 }] of expected.entries()) {
      expect(shown[index]?.['Requests']).toBe(plain(formatCount(count)))
      expect(shown[index]?.['P95']?.startsWith(plain(formatMs(p95)))).toBe(true)
    }
    const table = page.getByRole('table', { name: 'Side by side' })
    const baseline = table.locator('tbody tr', { hasText: '2024-05-13' })
    await baseline.click()
    await page.waitForURL(/baseline=2024-05-13/)
    const newer = table.locator('tbody tr', { hasText: '2024-08-06' })
    await expect.poll(() => newer.locator('[data-difference="more"]').count(), patient).toBeGreaterThanOrEqual(2)
    expect(await baseline.locator('[data-difference]').count()).toBe(0)
    await page.getByLabel('Compare by').selectOption('region')
    await page.waitForURL(/by=region/)
    await expect
      .poll(async () => (await cellsOf(page, 'Side by side')).map(({ Region }) => Region?.slice(0, 2)), patient)
      .toEqual(expect.arrayContaining(['eu', 'us']))
    await page.getByRole('region', { name: 'P95 by region' }).waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })
})

describe('any name', () => {
  test.each(names)(
    '“%s” has a page, from the list and by its address',
    async (name) => {
      const { page, complaints } = await open(`/models${fixed}`)
      const row = page.locator(`table[aria-label="Models"] tbody tr`).filter({
        has: page.getByRole('link', { name: name || 'no model name', exact: true }),
      })
      await row.getByRole('link').click()
      const head = page.getByRole('heading', { level: 2, name: name || 'no model name', exact: true })
      for (const time of ['opened', 'loaded']) {
        if (time === 'loaded') await page.reload()
        await head.waitFor()
        await expect
          .poll(async () => plain(await page.locator('[data-figure="Requests"] .number-value').textContent()), patient)
          .toBe('3')
      }
      await page.getByRole('table', { name: 'Side by side' }).waitFor()
      if (name === evil) {
        await legend(page, 'Errors by class').getByText(evil).waitFor()
        await legend(page, 'Finish reasons').getByText(evil).waitFor()
        await page.getByLabel('Compare by').selectOption('variant')
        await page.getByRole('table', { name: 'Side by side' }).getByText(evil).waitFor()
      }
      expect(await page.evaluate('window.hurt')).toBeUndefined()
      expect(complaints).toEqual([])
      await page.close()
    },
    240_000,
  )
})

describe('when it is not all well', () => {
  test('a model without requests says so', async () => {
    const { page, complaints } = await open(`/models/nobody${fixed}`)
    await page.getByText('No request in this range').first().waitFor()
    await page.getByText('No request of this range failed').waitFor()
    expect(plain(await page.locator('[data-figure="Spend"] .number-value').textContent())).toBe('—')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a question that fails takes its own panels only, and can be asked again', async () => {
    const page = await here.browser.context.newPage()
    let down = true
    await page.route('**/api/traffic/volume**', (route) =>
      down
        ? route.fulfill({ status: 400, json: { error: { message: 'The database is away', hint: 'Wait' } } })
        : route.continue(),
    )
    await page.goto(`${here.site.url}/models/gpt-4o${fixed}`)
    const savings = page.getByRole('region', { name: 'Cache savings' })
    await savings.getByText('The database is away').waitFor()
    await legend(page, 'Latency').waitFor()
    down = false
    await savings.getByRole('button', { name: 'Retry' }).click()
    await legend(page, 'Cache savings').waitFor()
    await expect.poll(() => page.getByText('The database is away').count()).toBe(0)
    await page.close()
  })

  test('on a phone nothing runs out of the screen', async () => {
    for (const path of ['/models', '/models/gpt-4o']) {
      const { page, complaints } = await open(`${path}${fixed}`, phone)
      await page.getByRole('table').first().waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
      expect(complaints).toEqual([])
      await page.close()
    }
  })

  test('axe finds nothing', async () => {
    for (const path of ['/models', '/models/gpt-4o']) {
      const { page } = await open(`${path}${fixed}`)
      await page.getByRole('table', { name: path === '/models' ? 'Models' : 'Side by side' }).waitFor()
      await page.evaluate(axe.source)
      const found = await page.evaluate<{ id: string; nodes: string[] }[]>(
        `axe.run('main').then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) })))`,
      )
      expect(found).toEqual([])
      await page.close()
    }
  })
})

test('names elsewhere lead here: the overview’s table, a request', async () => {
  const { page, complaints } = await open(`/${fixed}&team=search`)
  await page.getByRole('table', { name: 'Models' }).getByRole('link', { name: 'gpt-4o', exact: true }).click()
  await page.waitForURL(/\/models\/gpt-4o\?.*team=search/)
  await page.goto(`${here.site.url}/requests${fixed}&open=${example?.trace_id}.${example?.span_id}`)
  const side = page.getByRole('dialog')
  expect(await side.getByRole('link', { name: 'openai' }).getAttribute('href')).toMatch(/^\/endpoints\/openai\?/)
  await side.getByRole('link', { name: 'gpt-4o', exact: true }).click()
  await page.waitForURL(/\/models\/gpt-4o\?/)
  expect(complaints).toEqual([])
  await page.close()
})
