/**
 * Test helper: a proxy in a process of its own, to be killed. Arguments: data directory, upstream, hash of its one key, its requests
 * a minute. Its clock stands still. Sends its port and the issues so far, at its start and at its end, which comes when it is sent anything.
 */
import { attributionConfig, endpointConfig, pricesConfig, proxyConfig } from '../../config.ts'
import { IssueLog } from '../../issues.ts'
import { createPricer } from '../../pricing.ts'
import { silent } from '../../spool/testing.ts'
import { createProxy } from '../index.ts'
import { createObserver } from '../observe/index.ts'
import { startProxyServer } from '../server.ts'
import { createKeys } from './index.ts'

const [, , dataDir = '', upstream = '', hash = '', requests = ''] = process.argv
const issues = new IssueLog()
const limits = { requests_per_minute: Number(requests), tokens_per_day: 1e12, usd_per_month: 1e9 }
const config = proxyConfig.parse({ keys: [{ name: 'search', hash, limits }] })
const keys = createKeys({ config, dataDir, issues, clock: () => Date.parse('2026-11-26T22:06:18Z') })
const endpoints = [endpointConfig.parse({ name: 'gpt', upstream, api_key: 'sk-real' })]
const price = createPricer(pricesConfig.parse({}))
const observer = createObserver({
  endpoints,
  content: 'off',
  attribution: attributionConfig.parse({}),
  acceptCalls: async (calls) => {
    for (const { request, key } of calls) {
      price(request)
      key?.settle(request)
    }
  },
  appendSamples: async () => undefined,
  issues,
})
const proxy = createProxy({ config, endpoints, observer, keys, issues, log: silent })
const server = await startProxyServer(proxy, '127.0.0.1:0')
process.on('message', () => {
  void (async () => {
    await server.stop()
    await observer.stop()
    await keys.stop()
    process.send?.({ port: 0, issues: issues.counts() })
    process.disconnect()
  })()
})
process.send?.({ port: Number(server.address.split(':').at(-1)), issues: issues.counts() })
