import { expect, test } from 'vitest'
import { innerPages, pageAt, pages } from './pages.ts'

test('every page has a key of its own, and a phone has room for five', () => {
  const keys = pages.map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys.every((key) => /^[a-z]$/.test(key))).toBe(true)
  expect(pages.filter(({ phone }) => phone).length).toBeLessThanOrEqual(5)
  expect(new Set([...pages, ...innerPages].map(({ to }) => to)).size).toBe(pages.length + innerPages.length)
})

test('pages of one group stand together', () => {
  const groups = pages.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1])
  expect(new Set(groups).size).toBe(groups.length)
})

test.each([
  ['/', 'Overview'],
  ['/alerts/rule', 'Rule editor'],
  ['/gpus/node-1/0', 'GPUs'],
  ['/nowhere', undefined],
])('%s is the page %s', (path, word) => expect(pageAt(path)?.word).toBe(word))
