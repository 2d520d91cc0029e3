/** Numbers and times are written in one place: what pages format by themselves would ignore the chosen zone. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '..')
const allowed = new Set(['lib/format.ts', 'lib/time-zone.ts'])
const byItself =
  /\.toLocale(Date|Time)?String\(|\bIntl\.\w+Format\b|\.getTimezoneOffset\(|\.to(Date|Time)String\(|\.get(Hours|Minutes|Date|Day|Month|FullYear)\(\)/

/** `{formatExact(n)} rows` is wrong of one, as `{n} more rows` is: `formatExactly(n, 'row')`. What is only said of some, or of a limit, may be. */
const nouns =
  'requests|calls|rows|tokens|columns|users|minutes|days|models|servers|GPUs|spans|rules|evaluations|firings|pages|probes|windows|others'
const number = String.raw`format(?:Exact|Count)\((?:[^()]|\([^()]*\))*\)|[\w.]+(?:\.length)?(?: - [\w.]+)?`
const plural = new RegExp(String.raw`(?<!=)\{(?:${number})\} (?:more )?(?:${nouns})\b`, 'g')
const ofSome = new Set(['{days} days'])

test('no page formats numbers, times or zones by itself', async () => {
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const files = entries
    .filter(({ name }) => /(?<!\.test)\.tsx?$/.test(name))
    .map(({ parentPath, name }) => join(parentPath, name))
  expect(files.length).toBeGreaterThan(100)
  const found = await Promise.all(
    files.map(async (file) => ({ file: relative(source, file), text: await readFile(file, 'utf8') })),
  )
  const offenders = found.flatMap(({ file, text }) => (byItself.test(text) && !allowed.has(file) ? [file] : []))
  expect(offenders).toEqual([])
  expect(found.filter(({ file, text }) => allowed.has(file) && byItself.test(text))).toHaveLength(allowed.size)
  expect(found.flatMap(({ text }) => text.match(plural) ?? []).filter((text) => !ofSome.has(text))).toEqual([])
})
