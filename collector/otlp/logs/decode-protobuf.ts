/** ExportLogsServiceRequest → GenAI events. */
import type { Envelopes, Scope } from '../json.ts'
import { bytes, fixed64, noTime, ProtoDecoder, varint } from '../proto-decoder.ts'
import { ProtoReader } from '../protobuf.ts'
import type { DecodeOptions } from '../validate.ts'
import { LogBuilder, type DecodedLogs, type LogRecord } from './log-builder.ts'

const envelopes: Envelopes = ['resourceLogs', 'scopeLogs', 'logRecords']

/** Throws DecodeError when the body is no such message. `body` is not kept: every text is copied. */
export function decodeLogsProtobuf(body: Buffer, options: DecodeOptions): DecodedLogs {
  const decoder = new LogDecoder(new ProtoReader(body), new LogBuilder(options), envelopes)
  decoder.request(body.length)
  return decoder.builder
}

class LogDecoder extends ProtoDecoder<LogBuilder> {
  protected item(end: number, scope: Scope): void {
    const { reader } = this
    const record: LogRecord = {
      time: noTime,
      observed: noTime,
      severity: 0,
      trace_id: '',
      span_id: '',
      event_name: '',
      body: null,
      attributes: new Map(),
    }
    while (reader.at < end) {
      const tag = reader.tag()
      switch (tag) {
        case fixed64(1):
          record.time = reader.time(end)
          break
        case varint(2):
          record.severity = reader.varint()
          break
        case bytes(5):
          record.body = this.value(reader.message(end), 0)
          break
        case bytes(6):
          this.attribute(reader.message(end), record.attributes)
          break
        case bytes(9):
          record.trace_id = reader.hex(end)
          break
        case bytes(10):
          record.span_id = reader.hex(end)
          break
        case fixed64(11):
          record.observed = reader.time(end)
          break
        case bytes(12):
          record.event_name = reader.text(end)
          break
        default:
          reader.skip(tag, end)
      }
    }
    reader.finish(end)
    this.builder.add(record, scope, this.where)
  }
}
