import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonRequest, jsonSpan } from '../collector/otlp/testing.ts'
import { startReceiver, stopReceivers } from '../collector/otlp/testing-receiver.ts'
import { testBrowser, type TestBrowser } from './dashboard/browser.ts'

let page: Server
let browser: TestBrowser
let origin = ''
beforeAll(async () => {
  page = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>app</title>'))
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(page.address() as AddressInfo).port}`
  browser = await testBrowser()
})
afterAll(async () => {
  await browser?.close()
  page?.close()
  await stopReceivers()
})

test('a browser sends spans from a page of a configured origin, and from no other', async () => {
  const allowed = await startReceiver({ cors_origins: [origin], api_keys: ['a-key-of-sixteen-characters'] })
  const closed = await startReceiver({ cors_origins: ['https://app.example.com'] })
  const { page } = await browser.open(origin)
  const send = (url: string, key: string) =>
    page.evaluate(
      async ([url, authorization, body]) => {
        const headers = { 'content-type': 'application/json', 'x-tenant': 'a', authorization }
        try {
          return (await fetch(url, { method: 'POST', headers, body })).status
        } catch (error) {
          return String(error)
        }
      },
      [`${url}/v1/traces`, `Bearer ${key}`, JSON.stringify(jsonRequest([jsonSpan()]))] as const,
    )
  expect(await send(allowed.url, 'a-key-of-sixteen-characters')).toBe(200)
  // The page learns why.
  expect(await send(allowed.url, 'wrong')).toBe(401)
  expect(await send(closed.url, '')).toBe('TypeError: Failed to fetch')
  expect(allowed.spans()).toHaveLength(1)
  expect(closed.spans()).toHaveLength(0)
})
