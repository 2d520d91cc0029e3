import { expect, test } from 'vitest'
import { noAlerts } from '../../../alerts/none.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import type { Db } from '../../../storage/client.ts'
import { createApp } from '../app.ts'

const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47])
const alerts = { ...noAlerts, chart: (id: string) => Promise.resolve(id === 'known-id_1' ? png : null) }
const noDb = { query: () => Promise.reject(new Error('no database here')) } as unknown as Db
const app = createApp(testDeps(noDb, { alerts, config: { api_keys: ['a-key-of-sixteen-characters'] } }))

const get = (path: string) => app.request(path, { headers: { host: 'localhost:8080' } })

test('a vendor gets the chart of a message without a key', async () => {
  const response = await get('/api/alerts/chart/known-id_1.png')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('image/png')
  expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(png)
})

test('nothing else is open', async () => {
  expect((await get('/api/alerts/chart/unknown.png')).status).toBe(404)
  expect((await get('/api/alerts/chart/..%2Fconfig.png')).status).toBe(401)
  const alerts = await get('/api/alerts')
  expect([alerts.status, alerts.headers.get('cross-origin-resource-policy')]).toEqual([401, 'same-origin'])
})

test.each(['/api/session', '/api/silences', '/api/alerts/test', '/api/alerts/groups/1/comment'])(
  '%s reads no endless body, whoever sends it',
  async (path) => {
    const response = await app.request(path, {
      method: 'POST',
      headers: { host: 'localhost:8080', authorization: 'Bearer a-key-of-sixteen-characters' },
      body: JSON.stringify({ key: 'x'.repeat(2 ** 21) }),
    })
    expect(response.status).toBe(413)
  },
)
