import { afterEach, expect, test, vi } from 'vitest'
import { ingestConfig } from '../config.ts'
import { silent, testSpool, type TestSpool } from '../spool/testing.ts'
import { testPipeline } from '../testing-pipeline.ts'
import { startOtlpHttp, type Receiver } from './http.ts'
import { jsonRequest, jsonSpan } from './testing.ts'

/**
 * What every receiver owes: an item that was acknowledged is in the spool, whatever the spool did meanwhile; one that was
 * not is sent again by the client. A new receiver joins by a line here.
 */
const receivers = { otlp_http: startOtlpHttp }

let spool: TestSpool | undefined
let receiver: Receiver | undefined
afterEach(async () => {
  await receiver?.stop(0)
  await spool?.stop()
})

test.each(Object.keys(receivers) as (keyof typeof receivers)[])(
  '%s: accepted, refused while full, accepted again, refused while dying; what was acknowledged is there',
  async (name) => {
    spool = await testSpool({ max_bytes: 60_000, segment_bytes: 8_000 })
    const { db, restart } = spool
    const { accept, issues } = testPipeline(spool.spool)
    receiver = await receivers[name]({
      listen: '127.0.0.1:0',
      config: ingestConfig.parse({}),
      accept,
      issues,
      log: silent,
    })
    const url = `http://${receiver.address}/v1/traces`

    const acked: string[] = []
    const answers: number[] = []
    const send = async () => {
      const spanId = (answers.length + 1).toString(16).padStart(16, '0')
      const body = JSON.stringify(jsonRequest([jsonSpan({ spanId, name: 'x'.repeat(300) })]))
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      answers.push(response.status)
      if (response.status === 200) acked.push(spanId)
      return response.status
    }

    expect(await send()).toBe(200)
    db.fail = () => Object.assign(new Error('down'), { retryable: true })
    await vi.waitFor(async () => expect(await send()).toBe(503), { timeout: 30_000, interval: 0 })
    db.fail = () => null
    await vi.waitFor(async () => expect(await send()).toBe(200), { timeout: 30_000, interval: 20 })
    const dying = spool.spool.stop(0)
    expect(await send()).toBe(503)
    await dying
    const next = await restart()
    await next.drained()

    expect(new Set(answers)).toEqual(new Set([200, 503]))
    const stored = db.bodies('spans').toString('latin1')
    expect(acked.length).toBeGreaterThan(20)
    for (const id of acked) expect(stored.split(id)).toHaveLength(2)
    expect(issues.counts()).toEqual({ [`${name} spool_full`]: answers.filter((status) => status === 503).length })
  },
)
