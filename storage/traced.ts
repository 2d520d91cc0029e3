/** Spans of the product's own work. Without an exporter (see collector/self/telemetry.ts) they cost next to nothing. */
import { SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api'

/** Runs `work` in a span: what it starts becomes its child, what it throws becomes the span's error. */
export async function traced<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  kind: SpanKind = SpanKind.INTERNAL,
): Promise<T> {
  return trace.getTracer('inferwatch').startActiveSpan(name, { attributes, kind }, async (span) => {
    try {
      return await work()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      span.recordException({ name: error instanceof Error ? error.name : 'Error', message })
      span.setStatus({ code: SpanStatusCode.ERROR, message })
      throw error
    } finally {
      span.end()
    }
  })
}

/** A call of ClickHouse; attributes of OpenTelemetry's database conventions. Values of parameters stay out. */
export function tracedQuery<T>(operation: string, text: string, work: () => Promise<T>): Promise<T> {
  const attributes = {
    'db.system.name': 'clickhouse',
    'db.operation.name': operation,
    'db.query.text': text.slice(0, 4096),
  }
  return traced(`clickhouse ${operation}`, attributes, work, SpanKind.CLIENT)
}
