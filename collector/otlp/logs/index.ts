/** Logs: GenAI events for whoever stores them; other records are refused, since nothing here would show them. */
import type { Signal } from '../signal.ts'
import { decodeLogsJson } from './decode-json.ts'
import { decodeLogsProtobuf } from './decode-protobuf.ts'
import type { AcceptEvents } from './store.ts'

/** `accept` resolves once every event is durable. */
export function logs(accept: AcceptEvents): Signal {
  return {
    name: 'logs',
    paths: ['/v1/logs'],
    method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    rejectedField: 'rejectedLogRecords',
    async take(bytes, encoding, options, recycle) {
      const decoded = (encoding === 'json' ? decodeLogsJson : decodeLogsProtobuf)(bytes, options)
      recycle()
      if (decoded.events.length > 0) await accept(decoded.events)
      return { items: decoded.events.length, rejected: decoded.rejected, noted: decoded.noted }
    },
  }
}
