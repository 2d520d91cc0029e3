/** For tests: an API server over TLS with a private authority. It lists in pages, watches, sends bookmarks, and forgets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authority, certificate, privateKey } from '../../../proxy/testing-certificate.ts'
import type { ResourceName } from './api.ts'

interface Metadata {
  name: string
  namespace?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

export interface TestObject {
  metadata: Metadata
  [key: string]: unknown
}

interface Asked {
  resource: string
  namespace: string | null
  query: URLSearchParams
  token: string
}

export interface TestApi {
  /** What a provider needs to know to ask here. */
  config: { api_server: string; token_file: string; ca_file: string; namespace_file: string }
  asked: Asked[]
  /** Answers instead of the server when it returns true. */
  instead: ((asked: Asked, response: ServerResponse) => boolean) | null
  /** The token that is accepted. */
  token: string
  /** Watches end after the time that they ask for, this many times as fast; 0 is never. */
  pace: number
  /** Versions before this one are answered 410. */
  oldest: number
  put(resource: ResourceName, object: TestObject): void
  remove(resource: ResourceName, name: string, namespace?: string): void
  /** To every watch of the resource, as it stands. */
  send(resource: ResourceName, text: string): void
  bookmark(resource: ResourceName): void
  /** Cuts every watch, with or without a proper end. */
  cut(how: 'end' | 'destroy'): void
  watches(): number
  version(): number
  stop(): Promise<void>
}

export async function testApi(): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-kubernetes-'))
  const at = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const objects: Record<string, Map<string, TestObject & { metadata: { resourceVersion: string } }>> = {}
  const events: { version: number; resource: string; line: string; namespace: string }[] = []
  const watches = new Set<{ asked: Asked; response: ServerResponse }>()
  let version = 100

  const of = (resource: string) => (objects[resource] ??= new Map())
  const happen = (resource: string, type: string, object: TestObject) => {
    const namespace = object.metadata.namespace ?? 'default'
    const line = `${JSON.stringify({ type, object })}\n`
    events.push({ version, resource, line, namespace })
    for (const { asked, response } of watches)
      if (asked.resource === resource && (asked.namespace ?? namespace) === namespace) response.write(line)
  }
  const refuse = (response: ServerResponse, status: number, message: string) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', code: status, message }))
  }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'https://localhost')
    const [, namespace = null, resource = ''] =
      /^\/api(?:s\/discovery\.k8s\.io)?\/v1(?:\/namespaces\/([^/]+))?\/(\w+)$/.exec(url.pathname) ?? []
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const asked: Asked = { resource, namespace, query: url.searchParams, token }
    api.asked.push(asked)
    if (api.instead?.(asked, response)) return
    if (token !== api.token) return refuse(response, 401, 'Unauthorized')
    const since = Number(url.searchParams.get('resourceVersion') ?? version)
    if (since < api.oldest) return refuse(response, 410, 'too old resource version')
    if (url.searchParams.get('watch') === '1') return watch(asked, response, since)
    const all = [...of(resource).values()].filter(
      ({ metadata }) => namespace === null || (metadata.namespace ?? 'default') === namespace,
    )
    const limit = Number(url.searchParams.get('limit') ?? Infinity)
    const from = Number(url.searchParams.get('continue') ?? 0)
    const more = from + limit < all.length
    const metadata = { resourceVersion: String(version), ...(more && { continue: String(from + limit) }) }
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(from, from + limit) }))
  }
  const watch = (asked: Asked, response: ServerResponse, since: number) => {
    const entry = { asked, response }
    watches.add(entry)
    response.once('close', () => watches.delete(entry))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const ms = Number(asked.query.get('timeoutSeconds')) * 1000
    if (api.pace > 0) setTimeout(() => response.end(), ms / api.pace)
    for (const event of events)
      if (
        event.version > since &&
        event.resource === asked.resource &&
        (asked.namespace ?? event.namespace) === event.namespace
      )
        response.write(event.line)
  }
  const server = createServer({ key: privateKey, cert: certificate }, handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const api: TestApi = {
    config: {
      api_server: `https://localhost:${(server.address() as AddressInfo).port}`,
      token_file: at('token', 'first-token\n'),
      ca_file: at('ca.crt', authority),
      namespace_file: at('namespace', 'monitoring\n'),
    },
    asked: [],
    instead: null,
    token: 'first-token',
    pace: 0,
    oldest: 0,
    put(resource, object) {
      const key = `${object.metadata.namespace ?? 'default'}/${object.metadata.name}`
      const type = of(resource).has(key) ? 'MODIFIED' : 'ADDED'
      version += 1
      const metadata = { namespace: 'default', ...object.metadata, resourceVersion: String(version) }
      const stored = { ...object, metadata }
      of(resource).set(key, stored)
      happen(resource, type, stored)
    },
    remove(resource, name, namespace = 'default') {
      const key = `${namespace}/${name}`
      const object = of(resource).get(key)
      if (!object) return
      of(resource).delete(key)
      version += 1
      happen(resource, 'DELETED', {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(version) } as Metadata,
      })
    },
    send(resource, text) {
      for (const { asked, response } of watches) if (asked.resource === resource) response.write(text)
    },
    bookmark(resource) {
      version += 1
      const object = { metadata: { resourceVersion: String(version) } }
      api.send(resource, `${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
    },
    cut(how) {
      for (const entry of watches) {
        watches.delete(entry)
        if (how === 'end') entry.response.end()
        else entry.response.destroy()
      }
    },
    watches: () => watches.size,
    version: () => version,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
  return api
}

/** A running pod, with one container unless the spec says otherwise. */
export function testPod(
  name: string,
  ip: string,
  rest: {
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    image?: string
    ports?: object[]
    containers?: object[]
    initContainers?: object[]
    phase?: string
  } = {},
): TestObject {
  const { namespace = 'default', labels = {}, annotations = {}, image = 'example.com/app:1', ports, phase } = rest
  return {
    metadata: { name, namespace, labels, annotations },
    spec: {
      nodeName: 'node-1',
      containers: rest.containers ?? [{ name: 'main', image, ...(ports && { ports }) }],
      ...(rest.initContainers && { initContainers: rest.initContainers }),
    },
    status: {
      podIP: ip,
      hostIP: '192.168.0.1',
      phase: phase ?? 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}
