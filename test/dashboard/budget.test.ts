/** What a page loads before it can show anything, by size. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { webDist } from '../../dashboard/build.ts'

interface Chunk {
  file: string
  imports?: string[]
}

const entry = 'index.html'

/** The files of a source and of all that it imports at once. */
function filesOf(manifest: Record<string, Chunk>, source: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[source]
  if (!chunk) throw new Error(`the manifest knows no ${source}`)
  if (found.has(chunk.file)) return found
  found.add(chunk.file)
  for (const other of chunk.imports ?? []) filesOf(manifest, other, found)
  return found
}

test('the overview loads less than 250 kB of gzipped JavaScript', async () => {
  const manifest = JSON.parse(await readFile(join(webDist, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>
  const files = filesOf(manifest, 'src/pages/Overview.tsx', filesOf(manifest, entry))
  const scripts = [...files].filter((file) => file.endsWith('.js'))
  const sizes = await Promise.all(scripts.map(async (file) => (await stat(join(webDist, `${file}.gz`))).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  // Less would mean that the files are not those of the page.
  expect(total).toBeGreaterThan(50_000)
  expect(total, scripts.map((file, index) => `${file} ${sizes[index]}`).join('\n')).toBeLessThan(250_000)
})
