/** One process of the proxy benchmark: the stand-in for an upstream, or something in front of it. Prints its port once it listens. */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import {
  attributionConfig,
  contentConfig,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
} from '../../collector/config.ts'
import { startCollector } from '../../collector/index.ts'
import { IssueLog } from '../../collector/issues.ts'
import { createProxy, type Proxy } from '../../collector/proxy/index.ts'
import { createObserver } from '../../collector/proxy/observe/index.ts'
import type { CallObserver } from '../../collector/proxy/observer.ts'
import { quiet } from '../../collector/proxy/testing.ts'
import { startStorage } from '../../storage/index.ts'
import { testStorageOptions } from '../../storage/testing.ts'

const [, , kind = '', upstream = '', peers = ''] = process.argv
const target = { host: '127.0.0.1', port: Number(upstream) }

/** Plain JSON, or 100 events, as slowly as asked for: `{"stream":true,"user":"gap_ms 10"}`, which gateways pass on. */
function standIn(): Server {
  const words = 'lorem ipsum dolor sit amet '.repeat(30)
  const usage = { prompt_tokens: 120, completion_tokens: 200, total_tokens: 320 }
  const chat = { id: 'chatcmpl-1', object: 'chat.completion', created: 1_763_700_000, model: 'stand-in' }
  const choices = [{ index: 0, message: { role: 'assistant', content: words }, finish_reason: 'stop' }]
  const plain = Buffer.from(JSON.stringify({ ...chat, choices, usage }))
  const event = (i: number) => {
    const delta = [{ index: 0, delta: { content: ` token${i}` }, finish_reason: null }]
    return Buffer.from(`data: ${JSON.stringify({ ...chat, object: 'chat.completion.chunk', choices: delta })}\n\n`)
  }
  const events = Array.from({ length: 100 }, (_, i) => event(i))
  const last = Buffer.from(`data: ${JSON.stringify({ ...chat, choices: [], usage })}\n\ndata: [DONE]\n\n`)
  return createServer((request, response) => {
    const body: Buffer[] = []
    request.on('data', (chunk: Buffer) => body.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(body).toString('latin1')
      if (!text.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': plain.length }).end(plain)
        return
      }
      const gap = Number(/gap_ms (\d+)/.exec(text)?.[1] ?? 0)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let at = 0
      const next = () => {
        if (response.destroyed) return
        if (at === events.length) {
          response.end(last)
          return
        }
        response.write(events[at++])
        if (gap > 0) setTimeout(next, gap)
        else setImmediate(next)
      }
      next()
    })
  })
}

/** What node:http can do by itself. */
function bare(): Server {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'lifo' })
  return createServer((request, response) => {
    const { method, url = '', headers } = request
    const to = { ...target, method, path: url, headers, agent }
    const out = httpRequest(to, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    out.on('error', () => response.destroy())
    response.on('close', () => response.writableFinished || out.destroy())
    request.pipe(out)
  })
}

interface Undici {
  Pool: new (
    url: string,
    options: object,
  ) => {
    stream(
      options: object,
      onHead: (head: { statusCode: number; headers: Record<string, string> }) => unknown,
    ): Promise<void>
  }
}

/** `folder` has undici in its node_modules. */
function undici(folder: string): Server {
  const { Pool } = createRequire(`${folder}/`)('undici') as Undici
  const pool = new Pool(`http://127.0.0.1:${upstream}`, { connections: 1_024, pipelining: 1 })
  const ofHop = new Set(['connection', 'keep-alive', 'transfer-encoding'])
  const without = (headers: object) => Object.fromEntries(Object.entries(headers).filter(([name]) => !ofHop.has(name)))
  return createServer((request, response) => {
    const { method, url: path, headers } = request
    pool
      .stream({ path, method, headers: without(headers), body: request }, (head) =>
        response.writeHead(head.statusCode, without(head.headers)),
      )
      .catch(() => response.destroy())
  })
}

const endpoint = endpointConfig.parse({ name: 'stand-in', upstream: `http://127.0.0.1:${upstream}` })
const log = pino({ level: 'silent' })

/** By itself: every call is told to an observer that does nothing. */
function ours(observer: CallObserver = { begin: () => quiet }): Server {
  const issues = new IssueLog()
  return serverOf(createProxy({ config: proxyConfig.parse({}), endpoints: [endpoint], observer, issues, log }))
}

/** With the product's observer, whose records go nowhere. */
function observed(): Server {
  const content = contentConfig.parse(undefined)
  const attribution = attributionConfig.parse({})
  const records = { acceptCalls: () => Promise.resolve(), appendSamples: () => Promise.resolve() }
  return ours(createObserver({ endpoints: [endpoint], content, attribution, issues: new IssueLog(), ...records }))
}

/** In the whole collector, which stores every call in an embedded engine of its own. */
async function recorded(): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-bench-'))
  const storage = await startStorage(testStorageOptions(dataDir))
  const collector = await startCollector({
    config: {
      ingest: ingestConfig.parse({}),
      content: contentConfig.parse(undefined),
      spool: spoolConfig.parse({}),
      scrape: scrapeConfig.parse({}),
      prices: pricesConfig.parse({}),
      attribution: attributionConfig.parse({}),
      proxy: proxyConfig.parse({}),
      endpoints: [endpoint],
    },
    dataDir,
    db: storage.db,
    listen: '127.0.0.1:0',
    log,
  })
  stop = async () => {
    await collector.stop(0)
    await storage.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return serverOf(collector.proxy)
}

function serverOf(proxy: Proxy): Server {
  const server = createServer(proxy.serverOptions)
  proxy.attach(server, (_, response) => void response.writeHead(404).end())
  return server
}

const servers: Record<string, () => Server | Promise<Server>> = {
  'stand-in': standIn,
  'node:http': bare,
  undici: () => undici(peers),
  ours: () => ours(),
  observed,
  recorded,
}
let stop = () => Promise.resolve()
const server = await servers[kind]?.()
if (!server) throw new Error(`no such kind: ${kind}`)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => void stop().finally(() => process.exit(0)))
