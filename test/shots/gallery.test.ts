/** The pictures that are kept are of every page there is, in every look, and are shown. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../../dashboard/web/src/frame/pages.ts'
import { fileOf, gallery, looks, pageNames } from './gallery.ts'

const folder = join(import.meta.dirname, 'pictures')

test('every page of the rail is pictured', () => {
  const pictured = new Set<string>(pageNames)
  const ofRail = pages.map(({ to }) => (to === '/' ? 'overview' : to.slice(1)))
  expect(ofRail.length).toBeGreaterThan(10)
  expect(ofRail.filter((name) => !pictured.has(name))).toEqual([])
})

test.each(looks)('$name: a picture of each page, of its size', ({ name, size }) => {
  for (const page of pageNames) {
    const file = join(folder, fileOf(page, name))
    expect(existsSync(file), file).toBe(true)
    const bytes = readFileSync(file)
    expect(bytes.subarray(8, 16).toString(), file).toBe('WEBPVP8X')
    // In the header of the extended format, one less each.
    expect([bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1], file).toEqual([size.width, size.height])
  }
})

test('the page that shows them is that of the list', () =>
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(gallery()))
