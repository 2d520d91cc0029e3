/** Whether what a target answered is a metrics page, and if not, what to do about it. */
import { ScrapeError } from './scrape-error.ts'

export interface Answer {
  /** The address that answered, after redirects; without user, password and query. */
  url: string
  /** Redirects led to another host, to which credentials are not sent. */
  foreign: boolean
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The first characters, unpacked; of an answer other than 200 none when they were packed. */
  start: string
}

/** Undefined when it may be a metrics page. */
export function problemOf(answer: Answer): ScrapeError | undefined {
  return answer.status === 200 ? notMetrics(answer) : statusError(answer)
}

function notMetrics({ headers, start }: Answer): ScrapeError | undefined {
  const type = String(headers['content-type'] ?? '')
  const text = start.trimStart()
  if (type.includes('text/html') || /^<(!doctype|html|\?xml)/i.test(text))
    return new ScrapeError('not_metrics', 'answers a web page, not metrics: the path is usually /metrics')
  if (type.includes('json') || /^(\[|\{\s*("[^"]*"\s*:|\}))/.test(text))
    return new ScrapeError(
      'not_metrics',
      'answers JSON, not Prometheus text: use the path of the Prometheus page (trtllm-serve: /prometheus/metrics)',
    )
  if (type.includes('protobuf') || text.includes('\0'))
    return new ScrapeError('not_metrics', 'answers binary data though text was asked for: use the page for Prometheus')
  return undefined
}

function statusError({ status, url, foreign }: Answer): ScrapeError {
  const reason = `http_${status}`
  if (status === 401 || status === 403)
    return new ScrapeError(
      reason,
      foreign
        ? `refuses access (${status}) at ${url}, to which it redirects and credentials are not sent: write that address as the target's url`
        : `refuses access (${status}): give it auth, or let this host in`,
    )
  if (status === 404) {
    const { pathname } = new URL(url)
    return new ScrapeError(
      reason,
      `nothing at ${pathname} (404): check the path; SGLang needs --enable-metrics, llama.cpp --metrics`,
    )
  }
  return new ScrapeError(reason, `answers ${status}: look at the server's own log`)
}
