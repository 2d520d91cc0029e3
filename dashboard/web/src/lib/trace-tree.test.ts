import { describe, expect, test } from 'vitest'
import { axisTicks, traceTree, visibleRows } from './trace-tree.ts'

const span = (span_id: string, parent_span_id: string, start_ms: number, duration_ms: number) => ({
  span_id,
  parent_span_id,
  timestamp_us: start_ms * 1000,
  duration_ms,
})
const none = new Set<string>()

describe('a tree of spans', () => {
  test('children follow their parent, earliest first, and the axis holds all', () => {
    const { nodes, from_us, to_us } = traceTree([
      span('b', 'a', 600, 500),
      span('c', 'a', 100, 200),
      span('a', '', 0, 1000),
      span('d', 'c', 150, 50),
    ])
    expect(nodes.map((node) => [node.span.span_id, node.depth, node.parent, node.end, node.children])).toEqual([
      ['a', 0, -1, 4, 2],
      ['c', 1, 0, 3, 1],
      ['d', 2, 1, 3, 0],
      ['b', 1, 0, 4, 0],
    ])
    expect([from_us, to_us]).toEqual([0, 1_100_000])
  })

  test('clocks that differ, missing parents and loops are said, and no span is lost', () => {
    const { nodes } = traceTree([
      span('a', '', 100, 100),
      span('b', 'a', 60, 20),
      span('c', 'gone', 0, 10),
      span('x', 'y', 5, 1),
      span('y', 'x', 6, 1),
      span('s', 's', 7, 1),
      span('b', 'a', 170, 1),
    ])
    const said = nodes.map(({ span: { span_id }, early_ms, broken }) => [span_id, early_ms, broken])
    expect(said).toHaveLength(7)
    expect(said).toContainEqual(['b', 40, null])
    expect(said).toContainEqual(['c', 0, 'missing'])
    expect(said).toContainEqual(['x', 0, 'loop'])
    expect(said).toContainEqual(['s', 0, 'loop'])
    expect(nodes.every((node) => node.end <= nodes.length)).toBe(true)
  })

  test('10,000 spans, each in the one before', () => {
    const deep = Array.from({ length: 10_000 }, (_, index) =>
      span(`s${index}`, index === 0 ? '' : `s${index - 1}`, index, 20_000 - 2 * index),
    )
    const tree = traceTree(deep)
    expect(tree.nodes).toHaveLength(10_000)
    expect(tree.nodes.at(-1)?.depth).toBe(9999)
    expect(visibleRows(tree, new Set(['s4']), null)).toHaveLength(5)
  })

  test('of nothing there is nothing', () => {
    expect(traceTree([])).toEqual({ nodes: [], from_us: 0, to_us: 0 })
  })
})

describe('what the end waited for', () => {
  const critical = (spans: ReturnType<typeof span>[]) =>
    traceTree(spans)
      .nodes.filter((node) => node.critical)
      .map((node) => node.span.span_id)
      .toSorted()

  test('the last to end, and what had ended when it began', () => {
    expect(
      critical([
        span('root', '', 0, 100),
        span('first', 'root', 0, 40),
        span('beside', 'root', 0, 30),
        span('last', 'root', 45, 50),
        span('inner', 'last', 50, 40),
        span('short', 'last', 50, 10),
      ]),
    ).toEqual(['first', 'inner', 'last', 'root'])
  })

  test('a child that outlives its parent held up nothing after it', () => {
    expect(critical([span('root', '', 0, 100), span('late', 'root', 150, 10), span('job', 'root', 90, 500)])).toEqual([
      'job',
      'root',
    ])
  })
})

describe('rows', () => {
  const tree = traceTree([
    span('a', '', 0, 100),
    span('b', 'a', 1, 50),
    span('llm-1', 'b', 2, 10),
    span('c', 'a', 60, 30),
    span('llm-2', 'c', 61, 10),
    span('llm-3', 'llm-2', 62, 5),
  ])
  const shown = (collapsed: string[], keep: ((span: { span_id: string }) => boolean) | null) =>
    visibleRows(tree, new Set(collapsed), keep).map(({ node, depth, opens }) => [node.span.span_id, depth, opens])

  test('below a collapsed span nothing shows', () => {
    expect(shown(['b'], null).map(([id]) => id)).toEqual(['a', 'b', 'c', 'llm-2', 'llm-3'])
    expect(shown(['a'], null)).toEqual([['a', 0, true]])
    // What has nothing below it has nothing to collapse.
    expect(shown(['llm-3'], null)).toHaveLength(6)
  })

  test('only those that are kept, as deep as their kept ancestors are', () => {
    const llm = (each: { span_id: string }) => each.span_id.startsWith('llm')
    expect(shown([], llm)).toEqual([
      ['llm-1', 0, false],
      ['llm-2', 0, true],
      ['llm-3', 1, false],
    ])
    expect(shown(['llm-2'], llm).map(([id]) => id)).toEqual(['llm-1', 'llm-2'])
    expect(visibleRows(tree, none, () => false)).toEqual([])
  })
})

test.each([
  [1000, 5, [0, 200, 400, 600, 800, 1000]],
  [730, 4, [0, 200, 400, 600]],
  [0.5, 2, [0, 0.5]],
  [0, 4, [0]],
])('ticks of %d ms', (length, count, ticks) => {
  expect(axisTicks(length, count)).toEqual(ticks)
})
