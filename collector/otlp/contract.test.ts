import { afterEach, expect, test, vi } from 'vitest'
import { ingestConfig } from '../config.ts'
import { silent, testSpool, type TestSpool } from '../spool/testing.ts'
import { testPipeline } from '../testing-pipeline.ts'
import { startBodyReader } from './body.ts'
import { startOtlpGrpc } from './grpc.ts'
import { startOtlpHttp } from './http.ts'
import type { Receiver, ReceiverOptions } from './receiver.ts'
import { jsonRequest, jsonSpan, toProtobuf } from './testing.ts'
import { asProtobuf, grpcClient } from './testing-receiver.ts'
import { traces } from './traces.ts'

interface Contract {
  start: (options: ReceiverOptions) => Promise<Receiver>
  /** What a real client of this transport was answered. */
  send: (address: string, body: Buffer) => Promise<number>
  answers: { taken: number; refused: number }
}

/**
 * What every receiver owes: an item that was acknowledged is in the spool, whatever the spool did meanwhile; one that was
 * not is sent again by the client. A new receiver joins by an entry here.
 */
const receivers: Record<string, Contract> = {
  otlp_http: {
    start: startOtlpHttp,
    async send(address, body) {
      const init = { method: 'POST', headers: asProtobuf, body: new Uint8Array(body) }
      return (await fetch(`http://${address}/v1/traces`, init)).status
    },
    answers: { taken: 200, refused: 503 },
  },
  otlp_grpc: {
    start: startOtlpGrpc,
    async send(address, body) {
      const client = grpcClient(address)
      const { code } = await client.export(body)
      client.close()
      return code
    },
    answers: { taken: 0, refused: 14 },
  },
}

let spool: TestSpool | undefined
let receiver: Receiver | undefined
afterEach(async () => {
  await receiver?.stop(0)
  await spool?.stop()
})

test.each(Object.entries(receivers))(
  '%s: accepted, refused while full, accepted again, refused while dying; what was acknowledged is there',
  async (name, { start, send: sendTo, answers: { taken, refused } }) => {
    spool = await testSpool({ max_bytes: 60_000, segment_bytes: 8_000 })
    const { db, restart } = spool
    const { accept, issues } = testPipeline(spool.spool)
    const config = ingestConfig.parse({})
    receiver = await start({
      listen: '127.0.0.1:0',
      config,
      signals: [traces(accept)],
      bodies: startBodyReader(config),
      issues,
      log: silent,
    })
    const { address } = receiver

    const acked: string[] = []
    const answers: number[] = []
    const send = async () => {
      const spanId = (answers.length + 1).toString(16).padStart(16, '0')
      const answer = await sendTo(address, toProtobuf(jsonRequest([jsonSpan({ spanId, name: 'x'.repeat(300) })])))
      answers.push(answer)
      if (answer === taken) acked.push(spanId)
      return answer
    }

    expect(await send()).toBe(taken)
    db.fail = () => Object.assign(new Error('down'), { retryable: true })
    await vi.waitFor(async () => expect(await send()).toBe(refused), { timeout: 60_000, interval: 0 })
    db.fail = () => null
    await vi.waitFor(async () => expect(await send()).toBe(taken), { timeout: 60_000, interval: 20 })
    const dying = spool.spool.stop(0)
    expect(await send()).toBe(refused)
    await dying
    const next = await restart()
    await next.drained()

    expect(new Set(answers)).toEqual(new Set([taken, refused]))
    const stored = db.bodies('spans').toString('latin1')
    expect(acked.length).toBeGreaterThan(20)
    for (const id of acked) expect(stored.split(id)).toHaveLength(2)
    expect(issues.counts()).toEqual({ [`${name} spool_full`]: answers.filter((answer) => answer === refused).length })
  },
)
