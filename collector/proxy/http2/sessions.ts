/** The HTTP/2 connections with one upstream: opened as calls need them, closed when none does. */
import { connect as connectHttp2, type ClientHttp2Session, type ClientSessionOptions } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { lenient } from './headers.ts'

export interface SessionsOptions {
  secure: boolean
  hostname: string
  port: number
  /** Trusted authorities; unset: the public ones. */
  ca?: string[]
  /** To a connection, TLS included: one that takes longer is given up, so that calls to come begin another. */
  connectMs: number
  /** A connection without calls is closed after this. */
  keepAliveMs: number
  maxHeaderBytes: number
}

/** Streams at once before the other side said how many it takes, and at most. */
const maxStreams = 100
/** A stream whose client does not read holds at most so much here; the connection takes all its streams at once. */
const streamWindow = 256 * 1024
const sessionWindow = maxStreams * streamWindow
/** A peer that does not answer a ping until the next is gone, and would keep the calls to come waiting. */
const pingMs = 10_000
/** Calls that wait for a connection say by themselves that it took too long. */
const graceMs = 1_000
/** What node:http2 may hold for a session, in MB. */
const sessionMemory = 64

/** One connection. */
export interface Session {
  readonly http2: ClientHttp2Session
  readonly socket: Socket
  /** Streams under way. */
  active: number
  /** The last stream that the other side took, once it takes no more. */
  lastStream: number | null
  idle: NodeJS.Timeout | null
  isUnanswered: boolean
  /** What ended it. */
  error: Error | null
}

export class Sessions {
  private readonly options: SessionsOptions
  private readonly open = new Set<Session>()
  private agreed: 'h2' | 'http/1.1' | null
  private agreeing: Promise<void> | null = null
  private closed = false

  constructor(options: SessionsOptions) {
    this.options = options
    // In the clear nobody can be asked: who configures it knows.
    this.agreed = options.secure ? null : 'h2'
  }

  /** Null until a connection was made. */
  get protocol(): 'h2' | 'http/1.1' | null {
    return this.agreed
  }

  /** Connects once to agree on a protocol; rejects with what was in the way. */
  agree(): Promise<void> {
    this.agreeing ??= this.ask().finally(() => (this.agreeing = null))
    return this.agreeing
  }

  /** One with room for another stream. */
  take(): Session {
    for (const session of this.open) if (hasRoom(session)) return session
    return this.start(this.connect(['h2']))
  }

  /** A stream began on it; gives back what to call when it is over. */
  begin(session: Session): () => void {
    session.active++
    if (session.idle) clearTimeout(session.idle)
    session.idle = null
    return () => {
      if (--session.active > 0) return
      if (this.closed) session.http2.close()
      else session.idle = setTimeout(() => session.http2.close(), this.options.keepAliveMs).unref()
    }
  }

  /** Those in use end with their streams. Idempotent. */
  close(): void {
    this.closed = true
    for (const session of this.open) if (session.active === 0) session.http2.close()
  }

  private async ask(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = this.connect(['h2', 'http/1.1'])
    const { keepAliveMs } = this.options
    const onError = (error: Error) => reject(error)
    socket.once('error', onError)
    socket.once('close', () => reject(new Error('the connection closed at once')))
    socket.once('secureConnect', () => {
      if (!('alpnProtocol' in socket) || socket.alpnProtocol !== 'h2') {
        this.agreed = 'http/1.1'
        socket.on('error', () => undefined).destroy()
        return resolve()
      }
      this.agreed = 'h2'
      const session = this.start(socket)
      session.idle = setTimeout(() => session.http2.close(), keepAliveMs).unref()
      resolve()
    })
    return promise
  }

  private connect(protocols: string[]): Socket {
    const { secure, hostname, port, ca, connectMs } = this.options
    const servername = /^[\d.]+$|:/.test(hostname) ? '' : hostname
    const socket = secure
      ? connectTls({ host: hostname, port, servername, ALPNProtocols: protocols, ...(ca ? { ca } : {}) })
      : connectTcp({ host: hostname, port })
    const giveUp = () => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }))
    const timer = setTimeout(giveUp, connectMs + graceMs).unref()
    const settled = () => clearTimeout(timer)
    socket.once(secure ? 'secureConnect' : 'connect', settled).once('close', settled)
    return socket.setNoDelay(true)
  }

  private start(socket: Socket): Session {
    const { secure, hostname, maxHeaderBytes } = this.options
    const host = hostname.includes(':') ? `[${hostname}]` : hostname
    const options: ClientSessionOptions = {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: maxHeaderBytes },
      maxSessionMemory: sessionMemory,
      ...lenient,
    }
    const http2 = connectHttp2(`${secure ? 'https' : 'http'}://${host}`, options)
    const session: Session = {
      http2,
      socket,
      active: 0,
      lastStream: null,
      idle: null,
      isUnanswered: false,
      error: null,
    }
    this.open.add(session)
    const pings = setInterval(() => ping(session), pingMs).unref()
    let agreed = false
    http2.once('connect', () => http2.setLocalWindowSize(sessionWindow))
    http2.once('remoteSettings', () => (agreed = true))
    http2.on('goaway', (_, lastStream) => (session.lastStream = lastStream))
    const onError = (error: Error) => (session.error ??= error)
    socket.on('error', onError)
    http2.on('error', onError)
    http2.once('close', () => {
      clearInterval(pings)
      if (session.idle) clearTimeout(session.idle)
      this.open.delete(session)
      // It may no longer speak what it once chose.
      if (!agreed && secure) this.agreed = null
    })
    return session
  }
}

function hasRoom({ http2, active, lastStream }: Session): boolean {
  if (http2.closed || http2.destroyed || lastStream !== null) return false
  return active < Math.min(http2.remoteSettings?.maxConcurrentStreams ?? maxStreams, maxStreams)
}

function ping(session: Session): void {
  const { http2, active } = session
  if (active === 0 || http2.destroyed || http2.connecting) return
  if (session.isUnanswered) return http2.destroy(new Error(`no answer to a ping for ${pingMs} ms`))
  session.isUnanswered = true
  http2.ping((error) => {
    if (!error) session.isUnanswered = false
  })
}
