import { describe, expect, test } from 'vitest'
import { ExpositionParser, parseExposition } from './exposition.ts'
import { familyNamed } from './families.ts'
import { capture, capturedPages, fixture } from './testing.ts'

const values = (text: string, name: string) =>
  parseExposition(text)
    .families.get(name)
    ?.samples.map(({ series, value }) => [Object.fromEntries(series.labels), value])

describe('odd pages', () => {
  const page = parseExposition(fixture('weird.prom'))
  const read = (name: string) => values(fixture('weird.prom'), name)

  test('nothing on it is an error', () => {
    expect(page).toMatchObject({ unreadable: 0, errors: [], created: 1, refused: 0, samples: 17 })
  })

  test('spaces, commas and timestamps', () => {
    expect(read('spaced')).toEqual([
      [{ a: '1', b: '2', c: '3' }, 4],
      [{ c: '3', b: '2', a: '1' }, 5],
    ])
    const [first, second] = page.families.get('spaced')?.samples ?? []
    expect(first?.series.key).toBe(second?.series.key)
  })

  test('repeated TYPE, blank lines, exponents with leading zeros, escapes, NaN and Inf', () => {
    expect(read('merged')).toEqual([
      [{}, 115_891_634_176],
      [{ escaped: 'a\\b"c\nd\\te}, {' }, Infinity],
      [{ empty: '' }, Number.NaN],
      [{ set: 'set()', na: '[N/A]' }, -0.5],
    ])
  })

  test('a histogram is one family, wherever le stands and whatever follows the value', () => {
    expect(page.families.get('latency')).toMatchObject({ type: 'histogram', help: 'with a trailing space' })
    expect(page.families.get('latency')?.samples).toHaveLength(4)
    const groups = page.families.get('latency')?.samples.map(({ series }) => series.group)
    expect(new Set(groups).size).toBe(1)
  })

  test('an untyped histogram is recognised by its buckets', () => {
    expect(page.families.get('untyped')).toMatchObject({ type: 'histogram' })
    expect(page.families.get('untyped')?.samples).toHaveLength(3)
  })

  test('a counter is named as its samples are, and found with and without _total', () => {
    const counter = page.families.get('openmetrics_total')
    expect(counter).toMatchObject({ type: 'counter' })
    expect(familyNamed(page.families, 'openmetrics')).toBe(counter)
    expect(familyNamed(page.families, 'spaced_total')).toBe(page.families.get('spaced'))
    expect(familyNamed(page.families, 'nowhere')).toBeUndefined()
  })

  test('_created is dropped beside a counter only', () => {
    expect([...page.families.keys()].filter((name) => name.includes('created'))).toEqual(['kube_pod_created'])
  })

  test('quoted names', () => {
    expect(read('quoted.name')).toEqual([[{ 'label.name': 'v' }, 6]])
  })

  test('CRLF line ends', () => {
    expect(values('# TYPE a gauge\r\na{b="c"} 1\r\n\r\na 2\r\n', 'a')).toEqual([
      [{ b: 'c' }, 1],
      [{}, 2],
    ])
  })
})

test('a bad line is named and costs no other', () => {
  const page = parseExposition(fixture('broken.prom'))
  expect([...page.families.keys()]).toEqual(['good', 'also_good', 'last_good'])
  expect(page.unreadable).toBe(6)
  expect(page.errors).toEqual([
    { line: 2, message: 'expected label="value" at column 5, found "a=1} 2"' },
    { line: 4, message: 'expected a value' },
    { line: 5, message: 'expected a metric name, found "9digit 4"' },
    { line: 6, message: 'expected a number, found "here"' },
    { line: 8, message: 'expected a timestamp after the value, found "later"' },
    { line: 9, message: String.raw`expected label="value" at column 6, found "a=\"b"` },
  ])
})

test.each([
  ['1', 1],
  ['-0.25', -0.25],
  ['+3', 3],
  ['.5', 0.5],
  ['5.', 5],
  ['123456789012345680', 123_456_789_012_345_680],
  ['0.1', 0.1],
  ['1.7740113846e+09', 1774011384.6],
  ['-Inf', -Infinity],
  ['inf', Infinity],
])('value %s', (text, value) => {
  expect(values(`a ${text}\n`, 'a')).toEqual([[{}, value]])
})

test.each(['', '-', '.', '1e', '0x10', '1_000', 'Infinit', '1 2 3', '--1', '1-'])('no value: %j', (text) => {
  expect(parseExposition(`a ${text}\nb 1\n`)).toMatchObject({ samples: 1, unreadable: 1 })
})

test.each(['a{b="c" 1', 'a{b="c",b="d"} 1', 'a{="c"} 1', '{} 1', 'a{b} 1', '{"x","y"} 1'])('no series: %s', (line) => {
  expect(parseExposition(`${line}\nb 1\n`)).toMatchObject({ samples: 1, unreadable: 1 })
})

test('a contradicting TYPE is said, the first one is used', () => {
  const page = parseExposition('# TYPE a counter\na 1\n# TYPE a gauge\n')
  expect(page.families.get('a')?.type).toBe('counter')
  expect(page.errors).toEqual([{ line: 3, message: 'a is declared as counter and again as gauge; the first is used' }])
  expect(page.unreadable).toBe(0)
})

test('what is beyond the limits is refused and counted', () => {
  const text = Array.from({ length: 10 }, (_, index) => `a{i="${index}"} 1`).join('\n')
  expect(parseExposition(text, { maxSeries: 7 })).toMatchObject({ samples: 7, refused: 3 })
  const long = `a{b="${'x'.repeat(100)}"} 1\nc 1\n`
  expect(parseExposition(long, { maxSeriesLength: 50 })).toMatchObject({ samples: 1, refused: 1 })
})

describe('a page is compared with the one before', () => {
  const values = (parser: ExpositionParser, text: string) =>
    [...parser.parse(text).families.values()]
      .flatMap(({ samples }) =>
        samples.map(({ series, value }) => `${series.name}${[...series.labels].join()}=${value}`),
      )
      .sort()

  test.each([
    ['values move', 'a 1\nb{x="y"} 2\n', 'a 3\nb{x="y"} 4.5\n'],
    ['a series is inserted', 'a 1\nb 2\n', 'a 1\nab 7\nb 2\n'],
    ['a series disappears', 'a 1\nb 2\nc 3\n', 'a 1\nc 3\n'],
    ['a name becomes longer', 'a 1\n', 'ab 1\n'],
    ['labels appear', 'a 1\nb 1\n', 'a{x="1"} 1\nb 1\n'],
    ['a comment becomes a sample', '# HELP a b\na 1\n', 'a 2\n# HELP a b\n'],
    ['lines become comments', 'a 1\nb 1\n', '# TYPE a gauge\n# TYPE b gauge\n'],
  ])('%s', (_, first, second) => {
    const parser = new ExpositionParser()
    parser.parse(first)
    expect(values(parser, second)).toEqual(values(new ExpositionParser(), second))
    expect(values(parser, first)).toEqual(values(new ExpositionParser(), first))
  })

  test('series keep their identity, families do not leak into the next page', () => {
    const parser = new ExpositionParser()
    const [first, second] = [parser.parse('a{x="1"} 1\nb 1\n'), parser.parse('a{x="1"} 2\n')]
    expect(second.families.get('a')?.samples[0]?.series).toBe(first.families.get('a')?.samples[0]?.series)
    expect(first.families.get('a')?.samples[0]?.value).toBe(1)
    expect([...second.families.keys()]).toEqual(['a'])
  })

  test('a page with other values alone is the same page', () => {
    const parser = new ExpositionParser()
    const first = parser.parse('# TYPE a counter\na{x="1"} 1\n\nb 1 1700000000\n')
    const again = parser.parse('# TYPE a counter\n\na{x="1"} 2.5\nb +Inf\n')
    expect(again.families).toBe(first.families)
    expect([...again.families.values()].flatMap(({ samples }) => samples.map(({ value }) => value))).toEqual([
      2.5,
      Infinity,
    ])
  })

  test.each(['a 2\n', 'a 2\nb x\n', 'a 2\nb 1 x\n', 'a 2\nb 2\nc 2\n', 'a 2\nc 2\n', 'a 2\nb 2\nb 2\n'])(
    '%j after other lines is another page, and leaves that one as it was',
    (text) => {
      const parser = new ExpositionParser()
      const first = parser.parse('a 1\nb 1\n')
      const other = parser.parse(text)
      expect(other).toEqual(new ExpositionParser().parse(text))
      expect(other.families).not.toBe(first.families)
      expect(first).toEqual(new ExpositionParser().parse('a 1\nb 1\n'))
      expect(parser.parse('a 3\nb 3\n')).toEqual(new ExpositionParser().parse('a 3\nb 3\n'))
    },
  )

  test('labels after a blank make another series', () => {
    const parser = new ExpositionParser()
    for (const page of ['a 1\n', 'a {x="1"} 2\n', 'a {x="1"} 3\n', 'a 4\n'])
      expect(values(parser, page)).toEqual(values(new ExpositionParser(), page))
  })

  test('a value that could not be read is tried again', () => {
    const parser = new ExpositionParser()
    expect(['a 1\n', 'a x\n', 'a 2\n'].map((text) => parser.parse(text).samples)).toEqual([1, 0, 1])
  })

  test('lines that come in any order are the same series', () => {
    const parser = new ExpositionParser()
    const lines = Array.from({ length: 50 }, (_, index) => `a{i="${index}",j="}\\""} ${index}\n`)
    const series = (page: string[]) =>
      new Set(
        parser
          .parse(page.join(''))
          .families.get('a')
          ?.samples.map((sample) => sample.series),
      )
    const first = series(lines)
    expect(series(lines.toReversed())).toEqual(first)
    expect(series(lines.slice(25).concat(lines.slice(0, 25)))).toEqual(first)
    expect(first.size).toBe(50)
  })

  test('of a series that stands twice the first counts', () => {
    const parser = new ExpositionParser()
    for (const text of ['a{x="1"} 1\na{x="1"} 2\n', 'a{x="1"} 3\na{x="1"} 4\n']) {
      const page = parser.parse(text)
      expect(page).toMatchObject({ samples: 1, duplicates: 1, unreadable: 0 })
      expect(page.families.get('a')?.samples[0]?.value).toBe(text.includes('3') ? 3 : 1)
    }
  })
})

describe('a page with more series than are taken', () => {
  const page = (...names: string[]) => names.map((name) => `${name} 1\n`).join('')
  const taken = (parser: ExpositionParser, text: string) => [...parser.parse(text).families.keys()].sort().join('')

  test('the ones that came first stay, wherever the new ones stand', () => {
    const parser = new ExpositionParser({ maxSeries: 3 })
    expect(taken(parser, page('b', 'c', 'd', 'e'))).toBe('bcd')
    expect(taken(parser, page('a', 'b', 'c', 'd', 'e'))).toBe('bcd')
    expect(taken(parser, page('e', 'd', 'a', 'b'))).toBe('bd')
    expect(parser.parse(page('e', 'd', 'c', 'b', 'a'))).toMatchObject({ samples: 3, refused: 2 })
  })

  test('one that stays away gives its place to another', () => {
    const parser = new ExpositionParser({ maxSeries: 2 })
    expect(taken(parser, page('a', 'b', 'c'))).toBe('ab')
    const after = Array.from({ length: 70 }, () => taken(parser, page('b', 'c')))
    expect(after.indexOf('bc')).toBeGreaterThan(50)
    expect(after.at(-1)).toBe('bc')
    expect(taken(parser, page('a', 'b', 'c'))).toBe('bc')
  })
})

test.each(capturedPages())('no sample of %s is lost', (name) => {
  const text = capture(name)
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#')).length
  const parser = new ExpositionParser()
  for (const page of [parser.parse(text), parser.parse(text)]) {
    expect(page.samples + page.created + page.duplicates).toBe(lines)
    expect(page.duplicates > 0).toBe(name.includes('request_tpot_seconds_metric'))
    expect(page).toMatchObject({ unreadable: 0, refused: 0 })
    expect([...page.families.values()].reduce((sum, { samples }) => sum + samples.length, 0)).toBe(page.samples)
  }
})
