/** Metrics: data points for whoever stores them. */
import type { MetricsMode } from '../../config.ts'
import type { Signal } from '../signal.ts'
import { decodeMetricsJson } from './decode-json.ts'
import { decodeMetricsProtobuf } from './decode-protobuf.ts'
import type { AcceptPoints } from './store.ts'

/** `accept` resolves once every point is durable; `mode` is asked anew for every request. */
export function metrics(accept: AcceptPoints, mode: () => MetricsMode): Signal {
  return {
    name: 'metrics',
    paths: ['/v1/metrics'],
    method: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    rejectedField: 'rejectedDataPoints',
    async take(bytes, encoding, options, recycle) {
      const decode = encoding === 'json' ? decodeMetricsJson : decodeMetricsProtobuf
      const { points, rejected, noted } = decode(bytes, options, mode())
      recycle()
      if (points.length === 0) return { items: 0, rejected, noted }
      const skipped = await accept(points)
      for (const [reason, { items, example }] of skipped) noted.add(reason, example, items)
      return { items: points.length, rejected, noted }
    },
  }
}
