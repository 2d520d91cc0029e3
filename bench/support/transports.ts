/** How the load generator sends a request: as exporters do, one at a time on a connection of its own. */
import { Agent, request } from 'node:http'
import { Client, credentials } from '@grpc/grpc-js'
import { contentTypes, type Encoding } from '../../collector/otlp/answer.ts'
import type { Started } from './collector-process.ts'

export interface Connection {
  /** Rejects unless the collector acknowledged the request. */
  send(body: Buffer): Promise<void>
  close(): void
}

export interface Transport {
  encoding: Encoding
  connect(addresses: Pick<Started, 'otlp_http' | 'otlp_grpc'>): Connection
}

export const transports = {
  http: { encoding: 'protobuf', connect: ({ otlp_http }) => httpConnection(otlp_http, 'protobuf') },
  grpc: { encoding: 'protobuf', connect: ({ otlp_grpc }) => grpcConnection(otlp_grpc) },
  json: { encoding: 'json', connect: ({ otlp_http }) => httpConnection(otlp_http, 'json') },
} satisfies Record<string, Transport>

function httpConnection(address: string, encoding: Encoding): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    send(body) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const headers = { 'content-type': contentTypes[encoding], 'content-length': body.length }
      const call = request(`http://${address}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
        const { statusCode } = response
        response
          .resume()
          .on('end', () => (statusCode === 200 ? resolve() : reject(new Error(`answered ${statusCode}`))))
      })
      call.on('error', reject)
      call.end(body)
      return promise
    },
    close: () => agent.destroy(),
  }
}

function grpcConnection(address: string): Connection {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  const method = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
  const same = (bytes: Buffer) => bytes
  return {
    send(body) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      client.makeUnaryRequest(method, same, same, body, (error) => (error ? reject(error) : resolve()))
      return promise
    },
    close: () => client.close(),
  }
}
