/** Whether what a target answered is a metrics page, and if not, what to do about it. */
import { adviceOn } from './advice.ts'
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

function notMetrics(answer: Answer): ScrapeError | undefined {
  const { headers, start } = answer
  const type = String(headers['content-type'] ?? '')
  const text = start.trimStart()
  if (type.includes('text/html') || /^<(!doctype|html|\?xml)/i.test(text))
    return new ScrapeError('not_metrics', `answers a web page, not metrics: ${adviceOn(answer)}`)
  if (type.includes('json') || /^(\[|\{\s*("[^"]*"\s*:|\}))/.test(text))
    return new ScrapeError('not_metrics', `answers JSON, not Prometheus text: ${adviceOn(answer)}`)
  if (type.includes('protobuf') || text.includes('\0'))
    return new ScrapeError('not_metrics', 'answers binary data though text was asked for: use the page for Prometheus')
  return undefined
}

function statusError(answer: Answer): ScrapeError {
  const { status, url, foreign } = answer
  const reason = `http_${status}`
  if (status === 401 || status === 403) {
    const advice = foreign
      ? `to which it redirects and credentials are not sent: write that address as the target's url`
      : adviceOn(answer)
    return new ScrapeError(reason, `refuses access (${status})${foreign ? ` at ${url}, ` : ': '}${advice}`)
  }
  const { pathname } = new URL(url)
  return new ScrapeError(
    reason,
    `${status === 404 ? `nothing at ${pathname} (404)` : `answers ${status}`}: ${adviceOn(answer)}`,
  )
}
