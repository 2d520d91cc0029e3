/** Gets one metrics page over HTTP, bounded in time and size, and says in one sentence what is wrong when it can't. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { problemOf, type Answer } from './answer.ts'
import { acceptedEncodings, readBody, unpack, type Progress } from './body.ts'
import type { AuthConfig, TlsConfig } from './target-config.ts'
import type { Connections } from './connections.ts'
import { credentialHeaders } from './credentials.ts'
import { ScrapeError } from './scrape-error.ts'

/** How a target is reached. */
export interface Access {
  auth?: AuthConfig | undefined
  tls?: TlsConfig | undefined
}

/** The same for another host: who asks is not told, whom to believe is. */
export const withoutCredentials = ({ tls }: Access) => ({
  auth: undefined,
  tls: tls?.ca_file === undefined ? {} : { ca_file: tls.ca_file },
})

export interface FetchOptions extends Access {
  connections: Connections
  timeoutMs: number
  maxBytes: number
  /** Ends the request at once, when the scraper stops. */
  signal: AbortSignal
}

const commonHeaders = {
  // The plain format first: it is what every exporter was tested with.
  accept: 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.1',
  'accept-encoding': acceptedEncodings,
  'user-agent': 'inferwatch',
}
const maxRedirects = 5
/** Read of an answer that is no page, to say what it is. */
const startBytes = 4096

/** The page's text. `url` may hold credentials. Throws ScrapeError. */
export const fetchPage = (url: string, options: FetchOptions): Promise<string> => fetched(url, options, readPage)

/** What else the server says of itself, as JSON; from where the page comes alone. Throws ScrapeError. */
export const fetchJson = (url: string, options: FetchOptions): Promise<unknown> => fetched(url, options, readJson)

type Place = Pick<Answer, 'url' | 'foreign'>
type Read<T> = (response: IncomingMessage, place: Place, maxBytes: number, progress: Progress) => Promise<T>

async function fetched<T>(url: string, options: FetchOptions, read: Read<T>): Promise<T> {
  const { timeoutMs, signal } = options
  const asking = new Asking()
  const end = () => asking.end()
  const timer = setTimeout(end, timeoutMs)
  signal.addEventListener('abort', end)
  const progress: Progress = { bytes: null }
  const place = { at: new URL(url) }
  try {
    return await getAnswer(place, options, asking, progress, read)
  } catch (error) {
    // Everything that breaks once the time is over breaks because of that.
    if (asking.ended && !signal.aborted) throw timeoutError(timeoutMs, progress, error)
    if (error instanceof ScrapeError) throw error
    throw networkError(error, place.at)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

/** Credentials and client certificates are for the host that was configured: from the first redirect elsewhere they stay here. */
async function getAnswer<T>(
  place: { at: URL },
  options: FetchOptions,
  asking: Asking,
  progress: Progress,
  read: Read<T>,
): Promise<T> {
  const { origin } = place.at
  let headers = { ...commonHeaders, ...(await credentialHeaders(place.at, options.auth)) }
  let tls = options.tls
  let foreign = false
  for (let redirects = 0; ; redirects++) {
    const response = await get(place.at, headers, tls, options.connections, asking)
    const next = redirectOf(response, place.at)
    if (!next) return read(response, { url: shown(place.at), foreign }, options.maxBytes, progress)
    response.destroy()
    if (redirects === maxRedirects)
      throw new ScrapeError(
        'redirects',
        `redirects more than ${maxRedirects} times, last to ${shown(next)}: write the page's own address as the target's url`,
      )
    if (next.origin !== origin && !foreign) {
      foreign = true
      headers = commonHeaders
      tls = withoutCredentials({ tls }).tls
    }
    place.at = next
  }
}

async function readPage(
  response: IncomingMessage,
  { url, foreign }: Place,
  maxBytes: number,
  progress: Progress,
): Promise<string> {
  const { statusCode: status = 0, headers } = response
  const text = status === 200 ? await unpack(await readBody(response, maxBytes, progress), response, maxBytes) : ''
  const start = status === 200 ? text.slice(0, startBytes) : await startOf(response, progress)
  const problem = problemOf({ url, foreign, status, headers, start })
  if (problem) throw problem
  if (text.trim() === '') throw new ScrapeError('empty', 'answers an empty page: the server may still be starting')
  return text
}

async function readJson(
  response: IncomingMessage,
  place: Place,
  maxBytes: number,
  progress: Progress,
): Promise<unknown> {
  const { statusCode: status = 0 } = response
  if (status !== 200 || place.foreign) {
    response.destroy()
    throw new ScrapeError(`http_${status}`, `answers ${status} at ${place.url}`)
  }
  const text = await unpack(await readBody(response, maxBytes, progress), response, maxBytes)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ScrapeError('not_json', `answers no JSON at ${place.url}`, { cause })
  }
}

/** Whatever can be had of an answer that is no page. */
async function startOf(response: IncomingMessage, progress: Progress): Promise<string> {
  const body = await readBody(response, startBytes, progress).catch(() => Buffer.alloc(0))
  return response.headers['content-encoding'] === undefined ? body.toString() : ''
}

/** The answer's headers have come. A kept connection that the server has just closed is tried again on a new one. */
async function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  tls: TlsConfig | undefined,
  connections: Connections,
  asking: Asking,
): Promise<IncomingMessage> {
  const agent = await connections.agentFor(url, tls)
  const options = {
    agent,
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    headers,
  }
  for (;;) {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(options)
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve)
        request.on('error', reject)
        asking.follow(request)
        request.end()
      })
    } catch (error) {
      if (!request.reusedSocket || asking.ended) throw error
    }
  }
}

/** What is under way for one page, to be ended at any time. An AbortSignal in the request costs half as much as the request itself. */
class Asking {
  ended = false
  #request: ClientRequest | null = null

  follow(request: ClientRequest): void {
    this.#request = request
    if (this.ended) request.destroy()
  }

  end(): void {
    this.ended = true
    this.#request?.destroy()
  }
}

/** Where an answer sends to; undefined when it is not a redirect. */
function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined
  const { location = '' } = headers
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (location === '' || !next || !/^https?:$/.test(next.protocol))
    throw new ScrapeError(
      `http_${statusCode}`,
      `redirects (${statusCode}) to no web address: look at the server's own log`,
    )
  return next
}

/** Queries of login pages hold secrets. */
const shown = ({ origin, pathname }: URL) => origin + pathname

function timeoutError(timeoutMs: number, { bytes }: Progress, cause: unknown): ScrapeError {
  const what = bytes === null ? 'no answer' : `only ${bytes} bytes of the page`
  return new ScrapeError('timeout', `${what} within ${timeoutMs} ms: raise scrape.timeout or look at the server`, {
    cause,
  })
}

function networkError(error: unknown, { host, hostname }: URL): ScrapeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const messages: Record<string, string> = {
    ECONNREFUSED: `connection refused by ${host}: is the server running, and is the port right?`,
    ECONNRESET: `${host} closed the connection`,
    ENOTFOUND: `host ${hostname} is not known: check the name`,
    EAI_AGAIN: `host ${hostname} could not be looked up: check the name server`,
    EHOSTUNREACH: `no route to ${host}`,
    ENETUNREACH: `no network to ${host}`,
    CERT_HAS_EXPIRED: `the certificate of ${host} has expired: renew it`,
    ERR_TLS_CERT_ALTNAME_INVALID: `the certificate of ${host} is for another name: use that name, or set tls.server_name`,
  }
  const detail = error instanceof Error ? error.message : String(error)
  const message = messages[code] ?? tlsMessage(code, host) ?? `${host}: ${detail || code}`
  return new ScrapeError(code.toLowerCase() || 'network', message, { cause: error })
}

function tlsMessage(code: string, host: string): string | undefined {
  if (/SELF_SIGNED|UNABLE_TO|^CERT_/.test(code))
    return `the certificate of ${host} is not trusted (${code}): give its authority as tls.ca_file`
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return `${host} does not speak TLS as we do: is the url http:// there?`
  if (code.startsWith('ERR_SSL')) return `${host} ends the TLS connection (${code}): does it want tls.cert_file?`
  return undefined
}
