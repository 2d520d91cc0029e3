/** For tests of the OTLP receivers: real ones over a spool that tests replace. */
import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type CallOptions,
  type ServiceError,
} from '@grpc/grpc-js'
import { ingestConfig, type IngestConfig } from '../config.ts'
import { IssueLog } from '../issues.ts'
import { silent } from '../spool/testing.ts'
import { startBodyReader, type BodyReader } from './body.ts'
import { startOtlpGrpc } from './grpc.ts'
import { startOtlpHttp } from './http.ts'
import { Findings } from './findings.ts'
import { logs } from './logs/index.ts'
import { metrics } from './metrics/index.ts'
import type { ReceiverOptions } from './receiver.ts'
import { jsonRequest, jsonSpan } from './testing.ts'
import { traces } from './traces.ts'
import type { DecodedTraces } from './validate.ts'

export const key = 'a-key-of-sixteen-characters'
export const good = jsonRequest([jsonSpan()])
export const half = jsonRequest([jsonSpan(), jsonSpan({ traceId: '0'.repeat(32) }), jsonSpan({ spanId: '' })])
export const asJson = { 'content-type': 'application/json; charset=utf-8' }
export const asProtobuf = { 'content-type': 'application/x-protobuf' }
export const tracesMethod = traces(async () => {}).method

export type Accept = (decoded: DecodedTraces) => Promise<void>
const running: { stop(): Promise<void> }[] = []

/** For afterEach. */
export async function stopReceivers(): Promise<void> {
  for (const receiver of running.splice(0)) await receiver.stop()
}

/** What a receiver is started with, and what it took. */
export function receiverOptions(
  given: Partial<IngestConfig> = {},
  accept: Accept = async () => {},
  bodies?: BodyReader,
) {
  const taken: DecodedTraces[] = []
  const config = { ...ingestConfig.parse({}), ...given }
  const signal = traces(async (decoded) => {
    await accept(decoded)
    taken.push(decoded)
  })
  const options = {
    listen: '127.0.0.1:0',
    config,
    signals: [
      signal,
      logs(async () => {}),
      metrics(
        async () => new Findings(),
        () => 'genai',
      ),
    ],
    bodies: bodies ?? startBodyReader(config),
    issues: new IssueLog(),
    log: silent,
    clock: () => 1_760_000_100_000,
  } satisfies ReceiverOptions
  return { options, issues: options.issues, taken, spans: () => taken.flatMap((decoded) => decoded.spans) }
}

/** An OTLP/HTTP receiver on a free port, and what it took. */
export async function startReceiver(config?: Partial<IngestConfig>, accept?: Accept, bodies?: BodyReader) {
  const { options, ...seen } = receiverOptions(config, accept, bodies)
  const receiver = await startOtlpHttp(options)
  running.push({ stop: () => receiver.stop(0) })
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
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    }
  }
  return { ...seen, url, post, receiver }
}

export interface GrpcReply {
  code: number
  message: string
  body: Buffer | undefined
  trailers: Metadata
}

/** An OTLP/gRPC receiver on a free port, what it took, and a real client that sends bytes as they are. */
export async function startGrpcReceiver(config?: Partial<IngestConfig>, accept?: Accept, bodies?: BodyReader) {
  const { options, ...seen } = receiverOptions(config, accept, bodies)
  const receiver = await startOtlpGrpc(options)
  const clients = { plain: grpcClient(receiver.address), gzip: grpcClient(receiver.address, true) }
  running.push({
    async stop() {
      for (const client of Object.values(clients)) client.close()
      await receiver.stop(0)
    },
  })
  return { ...seen, receiver, export: clients.plain.export, exportGzip: clients.gzip.export }
}

interface GrpcRequest extends CallOptions {
  headers?: Record<string, string>
  method?: string
}

export function grpcClient(address: string, gzip = false) {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  })
  const same = (bytes: Buffer) => bytes
  return {
    export: (body: Buffer, { headers = {}, method = tracesMethod, ...call }: GrpcRequest = {}): Promise<GrpcReply> => {
      const metadata = Metadata.fromHttp2Headers(headers)
      const { promise, resolve } = Promise.withResolvers<GrpcReply>()
      client.makeUnaryRequest(method, same, same, body, metadata, call, (error: ServiceError | null, reply?: Buffer) =>
        resolve({
          code: error?.code ?? 0,
          message: error?.details ?? '',
          body: reply,
          trailers: error?.metadata ?? new Metadata(),
        }),
      )
      return promise
    },
    close: () => client.close(),
  }
}
