/** Headers and refusals that hold for every route: rebinding, cross-site posts, framing, sniffing. */
import { bodyLimit } from 'hono/body-limit'
import { except } from 'hono/combine'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { ApiError } from './errors.ts'

/**
 * Mantine puts its theme's variables into a style element, hence 'unsafe-inline' for styles alone: scripts, workers and
 * frames come from this origin or not at all.
 */
export const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'same-origin',
  // Set by whoever terminates TLS, who alone knows that there is any.
  strictTransportSecurity: false,
  crossOriginResourcePolicy: false,
})

const resourcePolicy = 'cross-origin-resource-policy'

/** Other sites may embed nothing of ours but what a route gives them. */
export const ownSiteOnly = createMiddleware(async (c, next) => {
  await next()
  if (!c.res.headers.has(resourcePolicy)) c.header(resourcePolicy, 'same-origin')
})

/** Far more than anything but alerts from elsewhere, whose route has a limit of its own. */
const maxBodyBytes = 1024 * 1024

const limited = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new ApiError(413, 'The body is too long', `At most ${maxBodyBytes / 1024} KiB`)
  },
})

/** Also before a key is asked for: nobody can fill the memory. */
export const limitBodies = except('/api/v2/*', limited)

const loopback = /^(localhost|[\w-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** True for addresses that only this machine reaches: `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`. */
export function isLoopback(address: string): boolean {
  return loopback.test(hostname(address))
}

/** On loopback, a Host that names another machine is a page elsewhere whose DNS was pointed at us. */
export const refuseRebinding = (address: () => string) =>
  createMiddleware(async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host
    if (isLoopback(address()) && !isLoopback(host)) {
      throw new ApiError(421, `This server does not answer for ${host}`, 'Open it as http://localhost with its port')
    }
    await next()
  })

/** Browsers send Sec-Fetch-Site or Origin with every POST; a client without either carries no cookies of a victim. */
export const refuseCrossSite = createMiddleware(async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    const host = c.req.header('host') ?? new URL(c.req.url).host
    const foreign = site === undefined ? origin !== undefined && hostOf(origin) !== host : !sameOrigin.has(site)
    if (foreign) throw new ApiError(403, 'Refused: the request comes from another site', 'Use the dashboard itself')
  }
  await next()
})

const sameOrigin = new Set(['same-origin', 'none'])

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : ''
}

function hostname(address: string): string {
  return address.replace(/:\d*$/, '').toLowerCase()
}
