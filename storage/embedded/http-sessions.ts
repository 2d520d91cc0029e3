/** Sessions of the HTTP interface: one query at a time in each, forgotten some seconds after the last. */
import type { Connection } from './engine.ts'
import { codes, EngineError } from './errors.ts'
import type { EngineUser } from './users.ts'

const defaultTimeoutS = 60
const maxTimeoutS = 3600
/** Each may hold a connection of the engine. */
const maxSessions = 1000

export class HttpSession {
  readonly id: string
  readonly user: EngineUser
  busy = false
  expiry: NodeJS.Timeout | undefined
  /** Holds what SET, USE and temporary tables left; readers can leave nothing and need none. */
  connection: Connection | null = null

  constructor(id: string, user: EngineUser) {
    this.id = id
    this.user = user
  }

  close(): void {
    clearTimeout(this.expiry)
    this.connection?.close()
    this.connection = null
  }
}

export class HttpSessions {
  private readonly sessions = new Map<string, HttpSession>()

  /**
   * The session that a request names, to be given to `release`, or null. Throws EngineError: 372 when it must exist and does
   * not, 373 while another query runs in it.
   */
  take(user: EngineUser, query: URLSearchParams): HttpSession | null {
    const id = query.get('session_id') ?? ''
    if (id === '') return null
    timeoutOf(query)
    const key = JSON.stringify([user.name, id])
    const known = this.sessions.get(key)
    if (!known && query.get('session_check') === '1') {
      throw new EngineError(codes.sessionNotFound, `Session ${id} not found`)
    }
    if (known?.busy) throw new EngineError(codes.sessionLocked, `Session ${id} is locked by a concurrent client`)
    const session = known ?? this.create(key, id, user)
    clearTimeout(session.expiry)
    session.busy = true
    return session
  }

  release(session: HttpSession, query: URLSearchParams): void {
    session.busy = false
    const forget = () => {
      this.sessions.delete(JSON.stringify([session.user.name, session.id]))
      session.close()
    }
    const seconds = timeoutOf(query)
    // A timer of no time would still let the next request in before it.
    if (seconds === 0) forget()
    else session.expiry = setTimeout(forget, seconds * 1000).unref()
  }

  private create(key: string, id: string, user: EngineUser): HttpSession {
    if (this.sessions.size >= maxSessions) {
      throw new EngineError(codes.tooManyQueries, `too many sessions at once: ${maxSessions}`)
    }
    const session = new HttpSession(id, user)
    this.sessions.set(key, session)
    return session
  }
}

/** Seconds. */
function timeoutOf(query: URLSearchParams): number {
  const text = query.get('session_timeout')
  if (text === null) return defaultTimeoutS
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds <= maxTimeoutS) return seconds
  throw new EngineError(codes.badArguments, `session_timeout: expected seconds, at most ${maxTimeoutS}`)
}
