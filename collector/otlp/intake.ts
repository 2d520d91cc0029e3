/** What receivers share whatever the transport: keys, limits, the way of a body to its answer, and the counting. */
import type { Readable } from 'node:stream'
import { metrics } from '@opentelemetry/api'
import type { IngestConfig } from '../config.ts'
import { SpoolFull } from '../spool/index.ts'
import { authoriser } from './api-keys.ts'
import { exportBody, Refusal, type Encoding } from './answer.ts'
import type { Reading } from './body.ts'
import { DecodeError, type Findings } from './findings.ts'
import type { ReceiverOptions } from './receiver.ts'
import type { Signal } from './signal.ts'

export interface Intake {
  /** Of the newest reload. */
  readonly config: IngestConfig
  reload(config: IngestConfig): void
  /** Throws Refusal 401 unless the header carries a key, where keys are set. */
  authorise(authorization: string | undefined): void
  /** The export response, once all that is good of the body is durable; null when the client went away. Throws. */
  take(signal: Signal, encoding: Encoding, body: Readable, reading: Omit<Reading, 'maxBytes'>): Promise<Buffer | null>
  /** How to answer what `take` and its like threw; counted here. */
  refusal(error: unknown): Refusal
  /** Counts an answer by HTTP's status or the name of gRPC's. */
  answered(status: number | string): void
}

/** `source` stands in issues and metrics. */
export function createIntake(source: string, options: Omit<ReceiverOptions, 'listen'>): Intake {
  const { bodies, issues, log, clock = Date.now } = options
  let { config } = options
  let authorised = authoriser(config.api_keys)
  const meters = intakeMetrics()

  function report(findings: Findings): void {
    for (const [reason, { items, example }] of findings) issues.add(source, reason, items, example)
  }

  return {
    get config() {
      return config
    },
    reload(next) {
      config = next
      authorised = authoriser(next.api_keys)
    },
    authorise(authorization) {
      if (!authorised(authorization))
        throw new Refusal(401, 'unauthorised', 'send one of ingest.api_keys as Authorization: Bearer <key>')
    },
    async take(signal, encoding, stream, reading) {
      const { max_body_bytes: maxBytes, max_attribute_bytes } = config
      const body = await bodies.read(stream, { ...reading, maxBytes })
      if (!body) return null
      meters.bytes.add(body.bytes.length, { source })
      try {
        const now = clock() * 1000
        const taken = await signal.take(body.bytes, encoding, { max_attribute_bytes, now }, body.recycle)
        meters.items.add(taken.items, { source, signal: signal.name })
        report(taken.rejected)
        report(taken.noted)
        return exportBody(encoding, taken.rejected.items, signal.rejectedField, describe(taken.rejected))
      } finally {
        body.recycle()
        body.release()
      }
    },
    refusal(error) {
      const refusal = refusalOf(error)
      if (refusal.status === 500) log.error({ error }, `${source}: a request failed, its items are lost`)
      issues.add(source, refusal.reason, 1, error instanceof DecodeError ? error.place : refusal.message)
      return refusal
    },
    answered: (status) => meters.requests.add(1, { source, status }),
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof DecodeError) return new Refusal(400, 'undecodable', error.message)
  if (error instanceof SpoolFull) return new Refusal(503, 'spool_full', error.message)
  return new Refusal(500, 'internal_error', 'internal error; the log of Inferwatch has the details')
}

const describe = (rejected: Findings) =>
  [...rejected].map(([reason, { items, example }]) => `${reason}: ${items} (${example})`).join('; ')

function intakeMetrics() {
  const meter = metrics.getMeter('inferwatch')
  return {
    items: meter.createCounter('inferwatch.ingest.items', {
      description: 'Spans, log records and data points made durable',
      unit: '{item}',
    }),
    requests: meter.createCounter('inferwatch.ingest.requests', {
      description: 'OTLP requests, by HTTP status or gRPC code of the answer',
      unit: '{request}',
    }),
    bytes: meter.createCounter('inferwatch.ingest.bytes', { description: 'OTLP bodies, decompressed', unit: 'By' }),
  }
}
