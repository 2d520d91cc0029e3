/** What a probe sends, by the kind of its endpoint. Pure. */
import type { EndpointConfig } from '../config.ts'
import { credentialOf } from '../proxy/keys/credential.ts'
import type { ProbeConfig } from './config.ts'

export interface ProbeRequest {
  method: string
  /** Below the upstream, with the query. */
  path: string
  headers: Record<string, string>
  body: string | null
}

interface Template {
  path: string
  headers?: Record<string, string>
  body: (probe: ProbeConfig) => Record<string, unknown>
}

const messages = ({ prompt }: ProbeConfig) => [{ role: 'user', content: prompt }]

const openai: Template = {
  path: '/v1/chat/completions',
  body: (probe) => ({
    model: probe.model,
    messages: messages(probe),
    max_tokens: probe.max_tokens,
    stream: true,
    stream_options: { include_usage: true },
  }),
}

/** APIs whose smallest call is the same for everybody; those of other kinds are templates of the configuration. */
const templates: Partial<Record<EndpointConfig['kind'], Template>> = {
  openai,
  mistral: { ...openai, body: (probe) => ({ ...openai.body(probe), stream_options: undefined }) },
  anthropic: {
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    body: (probe) => ({
      model: probe.model,
      messages: messages(probe),
      max_tokens: probe.max_tokens,
      stream: true,
    }),
  },
  ollama: {
    path: '/api/chat',
    body: (probe) => ({
      model: probe.model,
      messages: messages(probe),
      options: { num_predict: probe.max_tokens },
      stream: true,
    }),
  },
}

/** Whether a completion of this kind needs nothing but a model. */
export const hasTemplate = (kind: EndpointConfig['kind']): boolean => templates[kind] !== undefined

/** With the endpoint's own key, unless the probe brings one. */
export function probeRequest(
  endpoint: Pick<EndpointConfig, 'kind' | 'upstream' | 'api_key'>,
  probe: ProbeConfig,
): ProbeRequest {
  const { kind, upstream = '' } = endpoint
  const template = probe.type === 'completion' && probe.path === undefined ? templates[kind] : undefined
  const fields = template ? { ...template.body(probe), ...probe.body } : probe.body
  const body =
    fields && JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)))
  const path = probe.path ?? (template ? belowBase(template.path, upstream) : '/')
  const credential = credentialOf(endpoint, path)
  const headers = {
    accept: '*/*',
    'user-agent': 'inferwatch-probe',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...template?.headers,
    ...(credential && { [credential.name.toLowerCase()]: credential.value }),
    ...Object.fromEntries(Object.entries(probe.headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
  return { method: probe.method ?? (body === undefined ? 'GET' : 'POST'), path, headers, body: body ?? null }
}

/** An upstream that ends in /v1 has that part of the path already. */
function belowBase(path: string, upstream: string): string {
  const version = '/v1'
  return path.startsWith(`${version}/`) && /\/v1\/?$/.test(upstream) ? path.slice(version.length) : path
}
