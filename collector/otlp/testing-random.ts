/** For fuzzing: random requests of every signal as OTLP/JSON, the same ones from the same numbers. */

/** Well-formed requests of every shape, by signal, among them wrong ids, odd times, empty envelopes and long values. */
export function randomRequests(next: () => number): Record<'traces' | 'logs' | 'metrics', () => object> {
  const int = (below: number) => Math.floor(next() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  const many = <T>(most: number, make: () => T): T[] => Array.from({ length: int(most + 1) }, make)
  const maybe = (fields: Record<string, () => unknown>) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([key, make]) => (next() < 0.8 ? [[key, make()] as [string, unknown]] : [])),
    )
  const hex = (bytes: number) => Array.from({ length: bytes }, () => int(256).toString(16).padStart(2, '0')).join('')
  const id = (bytes: number) => (next() < 0.9 ? hex(bytes) : pick(['', '00'.repeat(bytes), hex(int(40))]))
  const text = () => pick(['', 'a', 'gen_ai.system', 'grüße 😀', hex(int(150)), 'é'.repeat(int(150)), '\u0000\n"\\'])
  const nanos = () =>
    pick([
      () => String(1_760_000_000_000_000_000n + BigInt(int(1e9))),
      () => '0',
      () => String(BigInt(`0x${hex(8)}`)),
    ])()
  const value = (depth: number): object =>
    pick([
      () => ({ stringValue: text() }),
      () => ({ boolValue: next() < 0.5 }),
      () => ({ intValue: pick(['0', '-1', String(int(1e9)), String(BigInt.asIntN(64, BigInt(`0x${hex(8)}`)))]) }),
      () => ({ doubleValue: pick([0, -1.5, 1e300, next()]) }),
      () => ({ bytesValue: Buffer.from(hex(int(60)), 'hex').toString('base64') }),
      () => ({}),
      () => (depth > 3 ? {} : { arrayValue: { values: many(3, () => value(depth + 1)) } }),
      () => (depth > 3 ? {} : { kvlistValue: { values: many(3, () => pair(depth + 1)) } }),
    ])()
  const pair = (depth = 0): object => ({ key: text(), value: value(depth) })
  const attributes = () => many(6, pair)
  const event = () => maybe({ timeUnixNano: nanos, name: text, attributes })
  const link = () => maybe({ traceId: () => id(16), spanId: () => id(8) })
  const status = () => maybe({ code: () => int(5), message: text })
  const span = () =>
    maybe({
      traceId: () => id(16),
      spanId: () => id(8),
      parentSpanId: () => id(8),
      traceState: text,
      name: text,
      kind: () => int(8),
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos,
      attributes,
      droppedAttributesCount: () => int(1e6),
      events: () => many(2, event),
      links: () => many(2, link),
      status,
      flags: () => int(1e9),
    })
  const logRecord = () =>
    maybe({
      timeUnixNano: nanos,
      observedTimeUnixNano: nanos,
      severityNumber: () => int(30),
      severityText: text,
      body: () => value(0),
      attributes: () =>
        many(4, () => pick([pair, () => ({ key: 'event.name', value: { stringValue: 'gen_ai.choice' } })])()),
      flags: () => int(1e9),
      traceId: () => id(16),
      spanId: () => id(8),
      eventName: () => pick(['gen_ai.user.message', 'gen_ai.x', text()]),
    })

  const double = () => pick([0, -1.5, 1e300, 1e-300, next(), int(1e6)])
  const whole = () => pick(['0', '1', String(int(1e9)), String(2 ** 53)])
  const counts = () => many(6, whole)
  const rising = () => [...new Set(many(5, double))].sort((x, y) => (next() < 0.9 ? x - y : y - x))
  const point = (more: Record<string, () => unknown>) => () =>
    maybe({
      startTimeUnixNano: nanos,
      timeUnixNano: () => (next() < 0.6 ? '1760000001000000000' : nanos()),
      attributes,
      flags: () => pick([0, 0, 0, 1, 2, int(1e9)]),
      exemplars: () => many(1, () => maybe({ timeUnixNano: nanos, asDouble: double, spanId: () => id(8) })),
      ...more,
    })
  const number = () => {
    const value = pick([{ asDouble: double }, { asInt: () => pick(['0', '-1', String(int(1e9))]) }])
    return point(value)()
  }
  const summed = { count: whole, sum: double, min: double, max: double }
  const explicitPoint = () => {
    const bounds = rising()
    const right = bounds.map(whole).concat(whole())
    return point({ ...summed, explicitBounds: () => bounds, bucketCounts: () => (next() < 0.8 ? right : counts()) })()
  }
  const offset = () => int(pick([10, 2000, 2 ** 32])) - 2 ** 31 * (next() < 0.1 ? 1 : 0)
  const buckets = () => maybe({ offset: () => Math.min(offset(), 2 ** 31 - 1), bucketCounts: counts })
  const exponentialPoint = point({
    ...summed,
    scale: () => (next() < 0.8 ? int(20) - 5 : int(100) - 50),
    zeroCount: whole,
    zeroThreshold: double,
    positive: buckets,
    negative: buckets,
  })
  const summaryPoint = point({
    count: whole,
    sum: double,
    quantileValues: () => many(3, () => maybe({ quantile: next, value: double })),
  })
  const data = (dataPoint: () => object) => () =>
    maybe({ aggregationTemporality: () => int(4), dataPoints: () => many(3, dataPoint) })
  const summary = () => maybe({ dataPoints: () => many(3, summaryPoint) })
  const gauge = () => maybe({ dataPoints: () => many(3, number) })
  const metric = () => ({
    ...maybe({
      name: () => pick(['gen_ai.client.token.usage', 'llm.x', 'mcp.y', text()]),
      unit: text,
      description: text,
    }),
    ...pick([
      () => ({ gauge: gauge() }),
      () => ({ sum: data(number)() }),
      () => ({ histogram: data(explicitPoint)() }),
      () => ({ exponentialHistogram: data(exponentialPoint)() }),
      () => ({ summary: summary() }),
      () => ({}),
    ])(),
  })

  const scope = () => maybe({ name: text, version: text, attributes })
  const resource = () => maybe({ attributes, droppedAttributesCount: () => int(9) })
  const request = (outer: string, middle: string, inner: string, item: () => object) => () => {
    const scoped = () => maybe({ scope, [inner]: () => many(4, item), schemaUrl: text })
    return { [outer]: many(3, () => maybe({ resource, [middle]: () => many(3, scoped), schemaUrl: text })) }
  }
  return {
    traces: request('resourceSpans', 'scopeSpans', 'spans', span),
    logs: request('resourceLogs', 'scopeLogs', 'logRecords', logRecord),
    metrics: request('resourceMetrics', 'scopeMetrics', 'metrics', metric),
  }
}
