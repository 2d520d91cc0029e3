/** OTLP/JSON → GenAI events. */
import { anyValue, attributesOf, eachItem, enumeration, hexOf, text, time, type Json } from '../json.ts'
import type { DecodeOptions } from '../validate.ts'
import { LogBuilder, type DecodedLogs, type LogRecord } from './log-builder.ts'

/** Throws DecodeError naming the field: `resourceLogs[0].scopeLogs[0].logRecords[3].body: expected an object, got "x"`. */
export function decodeLogsJson(body: Buffer, options: DecodeOptions): DecodedLogs {
  const builder = new LogBuilder(options)
  eachItem(body, ['resourceLogs', 'scopeLogs', 'logRecords'], builder, (raw, where, scope) =>
    builder.add(recordOf(raw, where, builder), scope, () => where),
  )
  return builder
}

function recordOf(raw: Json, where: string, builder: LogBuilder): LogRecord {
  return {
    time: time(raw, 'timeUnixNano', where),
    observed: time(raw, 'observedTimeUnixNano', where),
    severity: enumeration(raw, 'severityNumber', where),
    trace_id: hexOf(text(raw, 'traceId', where)),
    span_id: hexOf(text(raw, 'spanId', where)),
    event_name: text(raw, 'eventName', where),
    body: anyValue(raw['body'], `${where}.body`, 0),
    attributes: attributesOf(raw, where, builder),
  }
}
