import { describe, expect, test } from 'vitest'
import { PageReader } from './page-reader.ts'
import type { JobQueues } from './queue.ts'
import { jobQueuesOf, mappedQueue } from './queues/mapped.ts'
import { capture, capturedPages, fixture, fixtureNames, plainTarget } from './testing.ts'

const settings = { ...plainTarget, url: 'http://h:8000/metrics?model=m', labels: { host: 'n1' } }

/** The page some scrapes later: whole numbers went up, and now and then one is not known. */
function later(page: string, scrapes: number): string {
  let line = 0
  return page.replaceAll(/^([^#\n].* )(\d+(?:\.0)?)$/gm, (_, series: string, value: string) =>
    ++line % 7 === scrapes ? `${series}NaN` : `${series}${Number(value) + scrapes * (line % 5)}`,
  )
}

/** The rows of a page and what was said of it, for each of several scrapes. */
function readAll(pages: readonly string[]) {
  const reader = new PageReader({ maxSeries: 50_000 })
  return pages.map((text, index) => {
    const { rows, kind, missing, dropped, commit } = reader.read(text, settings, index * 10_000)
    // As when one append failed.
    if (index !== 2) commit()
    return { rows, kind, missing, dropped }
  })
}

const pages = [
  ...fixtureNames()
    .filter((name) => name.endsWith('.prom'))
    .map((name) => [name, fixture(name)] as const),
  ...capturedPages().map((name) => [name, capture(name)] as const),
]

test.each(pages)('%s: pages that differ in values alone are read as if each were new', (_, page) => {
  const texts = Array.from({ length: 5 }, (_, scrapes) => later(page, scrapes))
  // A comment makes it a page of other lines, of which nothing is known.
  const anew = texts.map((text, index) => `# page ${index}\n${text}`)
  expect(readAll(texts)).toEqual(readAll(anew))
})

describe('series that come and go', () => {
  const page = (...models: string[]) =>
    models.map((model) => `vllm:generation_tokens_total{model_name="${model}"} `).join('%\n') + '%\n'
  const read = (...texts: string[]) =>
    readAll(texts).map(({ rows }) => rows.server_samples.map(({ model, output_tokens }) => [model, output_tokens]))

  test('a model that was away goes on from where it was', () => {
    const [all, one] = [page('a', 'b'), page('a')]
    const at = (text: string, value: number) => text.replaceAll('%', String(value))
    expect(read(at(all, 1), at(all, 3), at(all, 4), at(one, 6), at(one, 7), at(all, 10), at(all, 11)).slice(3)).toEqual(
      [
        [['a', 3]],
        [['a', 1]],
        [
          ['a', 3],
          ['b', 7],
        ],
        [
          ['a', 1],
          ['b', 1],
        ],
      ],
    )
  })
})

test('other settings are read anew', () => {
  const reader = new PageReader({ maxSeries: 10 })
  const models = (labels: Record<string, string>) =>
    reader
      .read('vllm:num_requests_running 1\n', { ...settings, labels }, 0)
      .rows.server_samples.map(({ model }) => model)
  expect([models({}), models({ model: 'x' }), models({})]).toEqual([['m'], ['x'], ['m']])
})

test('queues that a reload puts elsewhere keep their counters', () => {
  const mapped = (system: string) =>
    jobQueuesOf(mappedQueue.parse({ system, labels: ['queue'], done: `${system}_done_total` }))
  const [one, two] = [mapped('one'), mapped('two')]
  const reader = new PageReader({ maxSeries: 100 })
  const read = (done: number, queues: JobQueues[], now: number) => {
    const page = `one_done_total{queue="a"} ${done}\ntwo_done_total{queue="a"} ${done * 100}\n`
    const { rows, commit } = reader.read(page, { ...settings, queues }, now)
    commit()
    return rows.queue_samples.map(({ system, done }) => [system, done])
  }
  read(1, [one, two], 0)
  expect(read(3, [two, one], 10_000)).toEqual([
    ['two', 200],
    ['one', 2],
  ])
})
