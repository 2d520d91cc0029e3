/** Keys for the dashboard: none on loopback; otherwise Bearer, or a cookie that the login form sets. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import { z } from 'zod'
import { ApiError } from './errors.ts'

const cookie = 'inferwatch_session'
const login = z.strictObject({ key: z.string().min(1).max(500) })

/** Lets a request pass when no keys are set, or when it carries one of them, or as Bearer one that also holds for it. */
export const authorise = (keys: readonly string[], alsoFor: (c: Context) => readonly string[] = () => []) =>
  createMiddleware(async (c, next) => {
    if (keys.length > 0) {
      const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
      const session = getCookie(c, cookie)
      const known =
        keys.some((key) => session !== undefined && same(session, sessionOf(key))) ||
        [...keys, ...alsoFor(c)].some((key) => bearer !== undefined && same(bearer, key))
      if (!known) throw new ApiError(401, 'A key is needed', 'Send Authorization: Bearer <key>, or log in')
    }
    await next()
  })

/** POST sets the cookie for a known key, DELETE takes it away. */
export function sessionRoute(keys: readonly string[]) {
  return new Hono()
    .post('/api/session', async (c) => {
      const parsed = login.safeParse(await c.req.json().catch(() => null))
      const key = parsed.success ? keys.find((known) => same(known, parsed.data.key)) : undefined
      if (key === undefined) throw new ApiError(401, 'This key is not known', 'dashboard.api_keys lists them', 'key')
      const secure = new URL(c.req.url).protocol === 'https:'
      setCookie(c, cookie, sessionOf(key), { httpOnly: true, sameSite: 'Strict', path: '/', secure })
      return c.json({ ok: true })
    })
    .delete('/api/session', (c) => {
      deleteCookie(c, cookie, { path: '/' })
      return c.json({ ok: true })
    })
}

/** The cookie proves the key without holding it, and dies with the key. */
function sessionOf(key: string): string {
  return createHmac('sha256', key).update('inferwatch dashboard session').digest('base64url')
}

function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
