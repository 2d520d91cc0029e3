/** Gets one metrics page over HTTP, bounded in time and size, and says in one sentence what is wrong when it can't. */

/** Why a scrape failed: `reason` is a stable word for counting, the message says what to do. */
export class ScrapeError extends Error {
  override name = 'ScrapeError'
  readonly reason: string

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface FetchOptions {
  fetch: typeof fetch
  timeoutMs: number
  maxBytes: number
  /** Ends the request at once, when the scraper stops. */
  signal: AbortSignal
}

// The plain format first: it is what every exporter was tested with.
const accept = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.1'

/** The page's text. Credentials of the URL go into an Authorization header. Throws ScrapeError. */
export async function fetchPage(url: string, options: FetchOptions): Promise<string> {
  const { timeoutMs, maxBytes } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const { address, headers } = withoutCredentials(url)
  try {
    const response = await options.fetch(address, {
      headers: { accept, 'user-agent': 'inferwatch', ...headers },
      redirect: 'manual',
      signal: AbortSignal.any([timeout, options.signal]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw statusError(response, address)
    }
    const text = await readText(response, maxBytes)
    assertMetrics(response, text)
    return text
  } catch (error) {
    if (error instanceof ScrapeError) throw error
    if (timeout.aborted)
      throw new ScrapeError('timeout', `no answer within ${timeoutMs} ms: raise scrape.timeout or look at the server`, {
        cause: error,
      })
    throw networkError(error, address)
  }
}

/** `url` as it may be shown and stored: without user and password. */
export function publicUrl(url: string): string {
  const parsed = new URL(url)
  if (parsed.username === '' && parsed.password === '') return url
  parsed.username = ''
  parsed.password = ''
  return parsed.href
}

function withoutCredentials(url: string): { address: string; headers: Record<string, string> } {
  const { username, password } = new URL(url)
  if (username === '' && password === '') return { address: url, headers: {} }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { address: publicUrl(url), headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

/** Counts bytes after decompression, so that a small compressed body can't become a large page. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes)
      throw new ScrapeError('too_large', `the page is larger than ${maxBytes} bytes: raise scrape.max_bytes`)
    chunks.push(chunk)
  }
  // The decoder drops a byte order mark, which some Windows exporters write.
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function assertMetrics(response: Response, text: string): void {
  const type = response.headers.get('content-type') ?? ''
  const start = text.slice(0, 200).trimStart()
  if (type.includes('text/html') || /^<(!doctype|html|\?xml)/i.test(start))
    throw new ScrapeError('not_metrics', 'answers a web page, not metrics: the path is usually /metrics')
  if (type.includes('json') || /^(\[|\{\s*("[^"]*"\s*:|\}))/.test(start))
    throw new ScrapeError(
      'not_metrics',
      'answers JSON, not Prometheus text: use the path of the Prometheus page (trtllm-serve: /prometheus/metrics)',
    )
  if (start === '') throw new ScrapeError('empty', 'answers an empty page: the server may still be starting')
}

function statusError(response: Response, address: string): ScrapeError {
  const { status } = response
  const reason = `http_${status}`
  if (status >= 300 && status < 400) {
    const location = response.headers.get('location') ?? 'another address'
    return new ScrapeError(reason, `redirects (${status}) to ${location}: write that address as the target's url`)
  }
  if (status === 401 || status === 403)
    return new ScrapeError(reason, `refuses access (${status}): put user:password@ into the url, or let this host in`)
  if (status === 404) {
    const { pathname } = new URL(address)
    return new ScrapeError(
      reason,
      `nothing at ${pathname} (404): check the path; SGLang needs --enable-metrics, llama.cpp --metrics`,
    )
  }
  return new ScrapeError(reason, `answers ${status}: look at the server's own log`)
}

function networkError(error: unknown, address: string): ScrapeError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const { host, hostname } = new URL(address)
  const messages: Record<string, string> = {
    ECONNREFUSED: `connection refused by ${host}: is the server running, and is the port right?`,
    ECONNRESET: `${host} closed the connection`,
    ENOTFOUND: `host ${hostname} is not known: check the name`,
    EAI_AGAIN: `host ${hostname} could not be looked up: check the name server`,
    EHOSTUNREACH: `no route to ${host}`,
    ENETUNREACH: `no network to ${host}`,
    UND_ERR_SOCKET: `${host} closed the connection in the middle of the page`,
  }
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new ScrapeError(code.toLowerCase() || 'network', messages[code] ?? `${host}: ${detail || code}`, {
    cause: error,
  })
}
