/** Who asks: users with their passwords, or `reader`, who needs none when nothing but this machine can ask. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { codes, EngineError } from './errors.ts'
import type { EngineUser } from './users.ts'

export interface UserBook {
  users: ReadonlyMap<string, EngineUser>
  /** Whether the interface is on loopback: only then `reader` needs no password. */
  loopback: boolean
}

/** Compared against when there is no such user, so that a guess at names takes as long as one at passwords. */
const nobody = Buffer.alloc(32)

/** Throws EngineError 194 (password missing) or 516 (it or the user is wrong; which of the two is not said). */
export function authenticate(request: IncomingMessage, query: URLSearchParams, book: UserBook): EngineUser {
  const { name: given, password } = credentials(request, query)
  const name = given === '' || given === 'default' ? 'reader' : given
  const user = book.users.get(name)
  if (user?.name === 'reader' && password === '' && book.loopback && isLocal(request)) return user
  if (password === '')
    throw new EngineError(codes.requiredPassword, `${name}: Authentication failed: password required`)
  const digest = createHash('sha256').update(password).digest()
  const right = timingSafeEqual(digest, user ? Buffer.from(user.password_sha256, 'hex') : nobody)
  if (user && right) return user
  throw new EngineError(
    codes.authenticationFailed,
    `${name}: Authentication failed: password is incorrect, or there is no user with such name.`,
  )
}

function credentials(request: IncomingMessage, query: URLSearchParams): { name: string; password: string } {
  const header = request.headers.authorization ?? ''
  if (/^basic /i.test(header)) {
    const text = Buffer.from(header.slice(6), 'base64').toString()
    const colon = text.indexOf(':')
    return colon < 0 ? { name: text, password: '' } : { name: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  if (header !== '') throw new EngineError(codes.authenticationFailed, 'Authentication failed: use Basic authorization')
  const key = request.headers['x-clickhouse-key']
  const user = request.headers['x-clickhouse-user']
  return {
    name: (typeof user === 'string' ? user : query.get('user')) ?? '',
    password: (typeof key === 'string' ? key : query.get('password')) ?? '',
  }
}

/** A loopback peer that also named a loopback host: a web page that rebinds its own name to 127.0.0.1 did not. */
function isLocal(request: IncomingMessage): boolean {
  const peer = request.socket.remoteAddress ?? ''
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  return /^(127\.|::1$|::ffff:127\.)/.test(peer) && /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(host)
}
