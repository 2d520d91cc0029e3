/** What to change when a target answers something else than metrics, told from its answer alone. */

/** An answer that is no metrics page. */
export interface Answer {
  url: string
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The first characters of the body. */
  start: string
}

interface Seen {
  url: string
  path: string
  port: string
  status: number
  contentType: string
  server: string
  location: string
  start: string
}

interface Rule {
  when: (answer: Seen) => boolean
  advice: string
}

const webPage = (contentType: string, start: string) =>
  contentType.includes('text/html') || /^\s*<(!doctype|html|\?xml)/i.test(start)

const json = (contentType: string, start: string) => contentType.includes('json') || /^\s*[[{]/.test(start)

/** The first that fits. From what only one server answers to what any does. */
const rules: readonly Rule[] = [
  {
    when: ({ server, status, start }) =>
      (/llama/i.test(server) || /metrics endpoint/i.test(start)) && (status === 501 || status === 404),
    advice: 'start llama.cpp with --metrics',
  },
  {
    when: ({ server, status, start }) =>
      status === 400 && (/llama/i.test(server) || /model name is missing/i.test(start)),
    advice: 'llama.cpp routes between models: write one target per model, each with ?model=<name> in its url',
  },
  {
    when: ({ port, status, start }) => status === 404 && (port === '11434' || /^ollama is running/i.test(start)),
    advice: 'Ollama has no metrics of its own: scrape an exporter beside it, or send requests through the proxy',
  },
  {
    when: ({ start }) => /^\s*ollama is running/i.test(start),
    advice: 'Ollama has no metrics of its own: scrape an exporter beside it, or send requests through the proxy',
  },
  {
    when: ({ status, contentType, start }) => status === 200 && json(contentType, start) && isIterations(start),
    advice:
      'trtllm-serve has its iterations here: write /prometheus/metrics, and set return_perf_metrics: true in its options file',
  },
  {
    when: ({ status, path }) => status === 404 && path.startsWith('/prometheus'),
    advice: 'trtllm-serve opens this path with return_perf_metrics: true in its options file',
  },
  {
    when: ({ status, path }) => status === 404 && path === '/v1/metrics',
    advice: 'only NIM has its metrics here: write /metrics for other servers and for early versions of NIM',
  },
  {
    when: ({ status, port, path }) => status === 404 && port === '30000' && path === '/metrics',
    advice: 'start SGLang with --enable-metrics',
  },
  {
    when: ({ status, start, port, path }) =>
      (status === 404 || status === 400) &&
      path === '/metrics' &&
      (port === '8001' || /"error"\s*:\s*"not found"/i.test(start)),
    advice: 'Triton has its metrics on port 8002',
  },
  {
    when: ({ status, server, start, path }) =>
      status === 404 &&
      path === '/metrics' &&
      (/uvicorn|hypercorn/i.test(server) || /"detail"\s*:\s*"not found"/i.test(start)),
    advice:
      'SGLang and LMDeploy need --enable-metrics; NIM has them at /v1/metrics, trtllm-serve at /prometheus/metrics, LiteLLM after adding prometheus to its callbacks',
  },
  {
    when: ({ status, path }) => status === 404 && path === '/metrics',
    advice:
      'check the port and the path: SGLang needs --enable-metrics, llama.cpp --metrics; NIM has /v1/metrics, trtllm-serve /prometheus/metrics, Triton port 8002',
  },
  { when: ({ status }) => status === 404, advice: 'check the path: it is usually /metrics' },
  {
    when: ({ status, location }) => isRedirect(status) && /login|sign-?in|auth|sso|oauth/i.test(location),
    advice: 'it asks for a login: scrape the server itself, not through its gateway, or give credentials',
  },
  {
    when: ({ status, url, location }) => isRedirect(status) && location !== '' && isSlash(url, location),
    advice: "write the target's url with a slash at its end",
  },
  { when: ({ status }) => isRedirect(status), advice: "write that address as the target's url" },
  {
    when: ({ status, port }) => (status === 401 || status === 403) && port === '9090',
    advice:
      'the endpoint picker lets in whoever has a token of a service account that may get /metrics: give one, or start it with --metrics-endpoint-auth=false',
  },
  {
    when: ({ status }) => status === 401 || status === 403,
    advice: 'give it auth, or let this host in',
  },
  {
    when: ({ status, contentType, start }) =>
      status === 200 && webPage(contentType, start) && /log ?in|sign ?in|password/i.test(start),
    advice: 'it asks for a login: scrape the server itself, not through its gateway, or give credentials',
  },
  {
    when: ({ status, contentType, start }) => status === 200 && webPage(contentType, start),
    advice: 'the path is usually /metrics; where that is a web page too, the metrics are on another port',
  },
  {
    when: ({ status, contentType, start }) => status === 200 && json(contentType, start),
    advice: 'use the path of the Prometheus page (trtllm-serve: /prometheus/metrics)',
  },
  {
    when: ({ status }) => status === 501 || status === 405,
    advice: "the server has no metrics here: switch them on, or correct the url's path",
  },
  {
    when: ({ status }) => status === 502 || status === 504,
    advice: 'a gateway answers in its place: is the server running?',
  },
  { when: ({ status }) => status === 503, advice: 'the server may still be starting: look at its own log' },
]

/** What to change, as a sentence without its stop. */
export function adviceOn({ url, status, headers, start }: Answer): string {
  const { pathname: path, port } = new URL(url)
  const header = (name: string) => String(headers[name] ?? '')
  const [server, contentType, location] = [header('server'), header('content-type'), header('location')]
  const found = rules.find(({ when }) => when({ url, path, port, status, server, contentType, location, start }))
  return found?.advice ?? "look at the server's own log"
}

const isRedirect = (status: number) => status >= 300 && status < 400

/** Statistics of iterations, one object each; an empty list when none ran since it was asked last. */
const isIterations = (start: string) =>
  /^\s*\[\s*(\]|\{)/.test(start) && (start.trim() === '[]' || /iter|numActiveRequests|kvCacheStats/.test(start))

/** Whether `location` is `url` with a slash at its end. */
function isSlash(url: string, location: string): boolean {
  const [from, to] = [new URL(url), URL.parse(location, url)]
  return to !== null && to.host === from.host && to.pathname === `${from.pathname}/`
}
