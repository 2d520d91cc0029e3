import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ChartShelf } from './shelf.ts'

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>'
let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'inferwatch-charts-')), 'charts')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

test('a chart outlives the process that drew it, for a week', async () => {
  const id = new ChartShelf(folder).put(svg)
  const png = await new ChartShelf(folder).png(id)
  expect(
    Buffer.from(png ?? [])
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
  const lastMonth = new Date(Date.now() - 30 * 86_400_000)
  utimesSync(join(folder, `${id}.svg`), lastMonth, lastMonth)
  expect(await new ChartShelf(folder).png(id)).toBeNull()
  expect(readdirSync(folder)).toEqual([])
})

test('no address names another file', async () => {
  const shelf = new ChartShelf(folder)
  writeFileSync(join(folder, '..', 'secret.svg'), svg)
  for (const id of ['../secret', '..%2Fsecret', '', 'x'.repeat(24)]) expect(await shelf.png(id)).toBeNull()
})

test('the oldest make way', async () => {
  const shelf = new ChartShelf(folder)
  const [first, ...rest] = Array.from({ length: 501 }, () => shelf.put(svg))
  expect(await shelf.png(first ?? '')).toBeNull()
  expect(await shelf.png(rest[0] ?? '')).not.toBeNull()
  expect(readdirSync(folder)).toHaveLength(500)
})

test('a folder that cannot be used keeps no chart from being drawn', async () => {
  writeFileSync(join(folder, '..', 'file'), '')
  const shelf = new ChartShelf(join(folder, '..', 'file'))
  expect(await shelf.png(shelf.put(svg))).not.toBeNull()
})
