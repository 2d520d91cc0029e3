/** For tests of the OTLP/HTTP receiver: a real one over a spool that tests replace. */
import { ingestConfig, type IngestConfig } from '../config.ts'
import { IssueLog } from '../issues.ts'
import { silent } from '../spool/testing.ts'
import { startOtlpHttp, type Receiver } from './http.ts'
import { jsonRequest, jsonSpan } from './testing.ts'
import type { DecodedTraces } from './validate.ts'

export const key = 'a-key-of-sixteen-characters'
export const good = jsonRequest([jsonSpan()])
export const half = jsonRequest([jsonSpan(), jsonSpan({ traceId: '0'.repeat(32) }), jsonSpan({ spanId: '' })])
export const asJson = { 'content-type': 'application/json; charset=utf-8' }
export const asProtobuf = { 'content-type': 'application/x-protobuf' }

const running: Receiver[] = []

/** For afterEach. */
export async function stopReceivers(): Promise<void> {
  for (const receiver of running.splice(0)) await receiver.stop(0)
}

/** A receiver on a free port, and what it took. */
export async function startReceiver(
  config: Partial<IngestConfig> = {},
  accept: (decoded: DecodedTraces) => Promise<void> = async () => {},
) {
  const issues = new IssueLog()
  const taken: DecodedTraces[] = []
  const receiver = await startOtlpHttp({
    listen: '127.0.0.1:0',
    config: { ...ingestConfig.parse({}), ...config },
    accept: async (decoded) => {
      await accept(decoded)
      taken.push(decoded)
    },
    issues,
    log: silent,
    clock: () => 1_760_000_100_000,
  })
  running.push(receiver)
  const url = `http://${receiver.address}`
  const post = async (
    body: BodyInit | Buffer,
    headers: Record<string, string>,
    path = '/v1/traces',
    method = 'POST',
  ) => {
    const response = await fetch(url + path, {
      method,
      headers,
      ...(method === 'POST' ? { body: body as BodyInit } : {}),
    })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      retryAfter: response.headers.get('retry-after'),
      body: Buffer.from(await response.arrayBuffer()),
    }
  }
  return { url, post, issues, taken, receiver, spans: () => taken.flatMap((decoded) => decoded.spans) }
}
