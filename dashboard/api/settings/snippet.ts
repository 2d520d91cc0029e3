/** YAML to paste into inferwatch.yaml, out of names that traffic brought: quoted so that they stay names. */
import { stringify } from 'yaml'
import type { EndpointUse } from '../../../storage/queries/endpoint-use.ts'

interface Vendor {
  kind: string
  /** Null: of one's own account or machine. */
  upstream: string | null
}

const vendors: Record<string, Vendor> = {
  openai: { kind: 'openai', upstream: 'https://api.openai.com' },
  anthropic: { kind: 'anthropic', upstream: 'https://api.anthropic.com' },
  cohere: { kind: 'cohere', upstream: 'https://api.cohere.com' },
  mistral_ai: { kind: 'mistral', upstream: 'https://api.mistral.ai' },
  'gcp.gemini': { kind: 'gemini', upstream: 'https://generativelanguage.googleapis.com' },
  'gcp.vertex_ai': { kind: 'vertex', upstream: null },
  'aws.bedrock': { kind: 'bedrock', upstream: null },
  'azure.ai.openai': { kind: 'azure', upstream: null },
  'azure.ai.inference': { kind: 'azure', upstream: null },
  ollama: { kind: 'ollama', upstream: null },
}

const itself: Vendor = { kind: 'openai', upstream: null }
const vendorOf = (provider: string) => (Object.hasOwn(vendors, provider) ? (vendors[provider] ?? itself) : itself)

/** Declares an endpoint that calls name; calls that name none are told by the address they go to, so each provider gets one. */
export function endpointSnippet({ endpoint, providers }: Pick<EndpointUse, 'endpoint' | 'providers'>): string {
  const named = providers.filter((provider) => provider !== '')
  const wanted =
    endpoint !== ''
      ? [{ name: endpoint, provider: named[0] ?? '' }]
      : named.map((provider) => ({ name: provider, provider }))
  const items = wanted.length > 0 ? wanted : [{ name: 'my-endpoint', provider: '' }]
  return items.reduce((text, { name, provider }) => {
    const { kind, upstream } = vendorOf(provider)
    const item = stringify([{ name, kind, ...(upstream !== null && { upstream }) }], { lineWidth: 0 })
    const asked = upstream === null ? '    # upstream: "http://host:8000"  # where it is called\n' : ''
    return `${text}${item.replaceAll(/^/gm, '  ').trimEnd()}\n${asked}`
  }, 'endpoints:\n')
}
