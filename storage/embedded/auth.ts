/** Who asks: `writer` with its password, or `reader`, who needs one only from another machine. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { codes, EngineError } from './errors.ts'

export type User = 'writer' | 'reader'
export type Passwords = Record<User, string>

/** Throws EngineError 194 (password missing), 192 or 193. */
export function authenticate(request: IncomingMessage, query: URLSearchParams, passwords: Passwords): User {
  const { name, password } = credentials(request, query)
  const user = name === '' || name === 'default' ? 'reader' : name
  if (user !== 'writer' && user !== 'reader') {
    throw new EngineError(codes.unknownUser, `${name}: Authentication failed: there is no such user; use reader`)
  }
  if (user === 'reader' && password === '' && isLocal(request)) return user
  if (password === '')
    throw new EngineError(codes.requiredPassword, `${user}: Authentication failed: password required`)
  if (!same(password, passwords[user])) {
    throw new EngineError(codes.wrongPassword, `${user}: Authentication failed: password is incorrect`)
  }
  return user
}

function credentials(request: IncomingMessage, query: URLSearchParams): { name: string; password: string } {
  const header = request.headers.authorization ?? ''
  if (/^basic /i.test(header)) {
    const text = Buffer.from(header.slice(6), 'base64').toString()
    const colon = text.indexOf(':')
    return colon < 0 ? { name: text, password: '' } : { name: text.slice(0, colon), password: text.slice(colon + 1) }
  }
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

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}
