/** The Kubernetes API as far as discovery needs it: whom to ask, as whom, and what a refusal means. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { KubernetesProvider } from '../config.ts'
import { DiscoveryError, messageOf } from '../provider.ts'
import { get, readBody } from '../request.ts'
import { endpointSlice, pod, service } from './objects.ts'

export const resources = {
  pods: { base: '/api/v1', group: '', schema: pod },
  services: { base: '/api/v1', group: '', schema: service },
  endpointslices: { base: '/apis/discovery.k8s.io/v1', group: 'discovery.k8s.io', schema: endpointSlice },
} as const

export type ResourceName = keyof typeof resources

/** The place in history that was asked about is no longer known: everything has to be listed anew. */
export class Expired extends DiscoveryError {
  override name = 'Expired'
}

/** The account may not do this, or is not known: asking again soon changes nothing. */
export class Refused extends DiscoveryError {
  override name = 'Refused'
}

export interface Question {
  resource: ResourceName
  /** Null is all of them. */
  namespace: string | null
  query: Record<string, string>
}

export interface KubernetesApi {
  /** Answers with status 200 only; the body is still to come. Throws Expired, Refused or DiscoveryError. */
  get(question: Question, signal: AbortSignal): Promise<IncomingMessage>
  /** The namespace that this process runs in. Throws DiscoveryError. */
  ownNamespace(): Promise<string>
}

const headTimeoutMs = 60_000

export function kubernetesApi(config: KubernetesProvider, env: NodeJS.ProcessEnv = process.env): KubernetesApi {
  return {
    async get(question, signal) {
      const server = serverOf(config, env)
      const response = await get(addressOf(server, question), {
        headers: { accept: 'application/json', ...(await tokenHeader(config, server)) },
        ca: await optionalFile(config, config.ca_file),
        timeoutMs: headTimeoutMs,
        signal,
      })
      if (response.statusCode !== 200) throw await problemOf(response, question)
      response.socket.setKeepAlive(true, 30_000)
      return response
    },
    async ownNamespace() {
      return (await fileText(config.namespace_file)).trim()
    },
  }
}

function serverOf({ api_server: given }: KubernetesProvider, env: NodeJS.ProcessEnv): string {
  if (given !== undefined) return given.replace(/\/+$/, '')
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (!host)
    throw new DiscoveryError(
      'this process runs in no cluster (KUBERNETES_SERVICE_HOST is not set): set api_server, token_file and ca_file',
    )
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function addressOf(server: string, { resource, namespace, query }: Question): string {
  const within = namespace === null ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${server}${resources[resource].base}${within}/${resource}?${new URLSearchParams(query).toString()}`
}

/** A token goes over TLS only: `kubectl proxy`, on plain HTTP, has its own. */
async function tokenHeader(config: KubernetesProvider, server: string): Promise<Record<string, string>> {
  if (!server.startsWith('https:')) return {}
  const token = await optionalFile(config, config.token_file)
  return token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }
}

/** Outside of a cluster the files of the service account may be missing. */
async function optionalFile({ api_server: given }: KubernetesProvider, path: string): Promise<string | undefined> {
  try {
    return await fileText(path)
  } catch (error) {
    if (given !== undefined && error instanceof Error && codeOf(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new DiscoveryError(`${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function problemOf(response: IncomingMessage, { resource, namespace }: Question): Promise<DiscoveryError> {
  const status = response.statusCode ?? 0
  const said = statusMessage(await readBody(response, { maxBytes: 65_536, timeoutMs: 5_000 }).catch(() => ''))
  const where = namespace === null ? 'in all namespaces' : `in namespace ${namespace}`
  if (status === 410) return new Expired(`the API no longer knows that version of ${resource} (410)`)
  if (status === 401)
    return new Refused(`the API does not accept the token (401): check token_file and its service account; ${said}`)
  if (status === 403) {
    const rule = `{ apiGroups: ["${resources[resource].group}"], resources: ["${resource}"], verbs: ["list", "watch"] }`
    const role = namespace === null ? 'ClusterRole' : `Role in namespace ${namespace}`
    const hint = namespace === null ? ', or set namespaces' : ''
    return new Refused(
      `the service account may not list and watch ${resource} ${where} (403): give it a ${role} with the rule ${rule}${hint}; ${said}`,
    )
  }
  return new DiscoveryError(`the API answers ${status} when asked for ${resource} ${where}: ${said}`)
}

/** The message of a Status object, or the beginning of whatever it is. */
export function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    if (typeof message === 'string') return message.slice(0, 300)
  } catch {
    // Something between us and the API answered.
  }
  return body.slice(0, 300) || 'it does not say why'
}
