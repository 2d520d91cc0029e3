/** A local HTTP server in a vendor's place: records every request, and can be told to fail. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StandInRequest {
  method: string
  path: string
  headers: Record<string, string | string[] | undefined>
  body: string
  /** The body's bytes: of a form that carries a file. */
  bytes: Buffer<ArrayBuffer>
  /** When all of it was there, epoch ms. */
  at: number
}

export interface StandInAnswer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** `hang` never answers, `disconnect` loses the request, `lost` takes it and loses the answer. */
export type Fault = StandInAnswer | 'hang' | 'disconnect' | 'lost'

export interface StandIn {
  /** Without a trailing slash. */
  url: string
  requests: StandInRequest[]
  /** What the vendor's contract forbids and we did; empty when all was well. */
  problems: string[]
  /** The next requests get these answers, one each, before the vendor's own answers come back. */
  failNext(...faults: Fault[]): void
  /** Forgets the faults still to come. */
  recover(): void
  stop(): Promise<void>
}

/** `answer` is the vendor: it judges a request and answers as the vendor would. Port 0 picks a free one. */
export async function startStandIn(
  answer: (request: StandInRequest) => StandInAnswer | Promise<StandInAnswer>,
  problems: string[] = [],
  port = 0,
): Promise<StandIn> {
  const requests: StandInRequest[] = []
  const faults: Fault[] = []
  const server = createServer((incoming, response) => {
    void serve(incoming, response)
  })
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming)
    requests.push(request)
    const fault = faults.shift()
    if (fault === 'hang') return
    if (fault === 'lost') await answer(request)
    if (fault === 'disconnect' || fault === 'lost') incoming.socket.destroy()
    else send(response, fault ?? (await answer(request)))
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    problems,
    failNext: (...more) => void faults.push(...more),
    recover: () => void faults.splice(0),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readRequest(incoming: IncomingMessage): Promise<StandInRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const { method = '', url = '', headers } = incoming
  return { method, path: url, headers, body: bytes.toString('utf8'), bytes, at: Date.now() }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: StandInAnswer): void {
  // A fresh connection each time, so that stopping needs no patience.
  response.writeHead(status, { connection: 'close', ...headers })
  response.end(body)
}

/** The value of a JSON text, undefined when it isn't JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
