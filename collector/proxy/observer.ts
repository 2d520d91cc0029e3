/**
 * The seam between the proxy's transport, which moves bytes, and what is measured of them. The transport calls every hook
 * synchronously and guards it: a hook that throws, or that takes too long, ends the observation of that call (which is counted;
 * nothing more is told of it but `dropped`, `end` neither) and changes nothing for the client.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { KeyUse } from './keys/use.ts'

/** What the transport tells of a call, while the bytes go on. Never throws into the transport, never awaits, never holds it up. */
export interface CallObserver {
  /** Called once per request to an endpoint, before anything is sent upstream. Null: this call is not observed. */
  begin(call: CallStart): CallObservation | null
}

export interface CallStart {
  endpoint: string
  method: string
  /** Below `/proxy/<endpoint>`, with the query, as the client wrote it. */
  path: string
  /** As the client sent them, keys of vendors included: for reading, never for keeping. */
  headers: IncomingHttpHeaders
  /** Epoch ms, fractional. */
  startedMs: number
  /** Of a call with a virtual key: told what the call used when that is known. */
  key?: KeyUse | undefined
}

/** Of one call. Times are epoch ms, fractional, on the same clock as `startedMs`, and never go back. */
export interface CallObservation {
  /** Headers to add to the upstream request (traceparent); never any other change. One that the client sent too replaces it. */
  readonly addedHeaders: Readonly<Record<string, string>>
  /** Asks for the request's body as a whole; read once, before the body is. */
  readonly wantsBody: boolean
  /**
   * The request's whole body, asked only when `wantsBody` is true and the body is JSON within the bound; what it returns is sent
   * instead, null leaves the body as it is (used for stream_options.include_usage when configured).
   */
  requestBody(body: Buffer): Buffer | null
  /** Parts of the request as they pass, when `requestBody` is not asked; bounded copying is the observer's business. */
  requestChunk(chunk: Buffer): void
  /** The head of the upstream's final answer; 101 for an upgraded connection. */
  responseHead(status: number, headers: IncomingHttpHeaders, atMs: number): void
  /**
   * One chunk of the answer as it came, as encoded and compressed as the upstream sent it; returns what the client gets instead
   * (to hide a usage chunk that it did not ask for), or the same buffer. Only an answer without Content-Length may be changed.
   */
  responseChunk(chunk: Buffer, atMs: number): Buffer
  /** What `responseChunk` held back to see more of and the client is still owed; asked when no more comes. */
  responseRest?(): Buffer | null
  /** The last of the call, exactly once: how it ended. */
  end(end: CallEnd): void
  /** Instead of `end`, where a hook failed or took too long: what is held for the call can go. */
  dropped?(): void
}

export interface CallEnd {
  how: 'complete' | 'client_aborted' | 'upstream_aborted' | 'upstream_unreachable' | 'refused' | 'timeout'
  atMs: number
  /** Of bodies, as the client sent and got them. */
  requestBytes: number
  responseBytes: number
  error?: string
}
