/** The receiver between spools that fail and clients that go away. */
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { SpoolFull } from '../spool/index.ts'
import { ingestConfig } from '../config.ts'
import { startOtlpHttp } from './http.ts'
import { fromProtobuf, jsonRequest, jsonSpan, toProtobuf } from './testing.ts'
import { good, asJson, asProtobuf, receiverOptions, startReceiver, stopReceivers } from './testing-receiver.ts'

afterEach(stopReceivers)

describe('with a spool that', () => {
  test('is full: 503, to be sent again soon, and counted', async () => {
    const { post, issues } = await startReceiver({}, () => Promise.reject(new SpoolFull('full')))
    const answer = await post(toProtobuf(good), asProtobuf)
    expect(answer).toMatchObject({ status: 503, retryAfter: '2' })
    expect(fromProtobuf('RpcStatus', answer.body)).toEqual({ code: 14, message: 'full' })
    expect(issues.counts()).toEqual({ 'otlp_http spool_full': 1 })
  })

  test('fails: 500 without its reason', async () => {
    const { post } = await startReceiver({}, () => Promise.reject(new Error('secret path')))
    const answer = await post(JSON.stringify(good), asJson)
    expect(answer.status).toBe(500)
    expect(answer.body.toString()).not.toContain('secret')
  })

  test('takes its time: nothing is answered before it is durable', async () => {
    const durable = Promise.withResolvers<void>()
    const { post, spans } = await startReceiver({}, () => durable.promise)
    let answered = false
    const answer = post(JSON.stringify(good), asJson).finally(() => (answered = true))
    await expect.poll(spans).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    durable.resolve()
    expect((await answer).status).toBe(200)
  })

  test('has requests under way when the receiver stops: they are answered', async () => {
    const durable = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const { post, receiver, url } = await startReceiver({}, () => {
      asked.resolve()
      return durable.promise
    })
    const answer = post(JSON.stringify(good), asJson)
    await asked.promise
    const stopped = receiver.stop(10_000)
    durable.resolve()
    expect((await answer).status).toBe(200)
    await stopped
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})

test('a client that goes away leaves nothing behind', async () => {
  const { receiver, post, spans } = await startReceiver()
  const port = Number(receiver.address.split(':')[1])
  for (let i = 0; i < 20; i++) {
    const socket = connect(port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{',
    )
    socket.destroy()
  }
  expect((await post(JSON.stringify(good), asJson)).status).toBe(200)
  expect(spans()).toHaveLength(1)
})

test('an address in use is told with the setting to change', async () => {
  const { receiver } = await startReceiver()
  await expect(startOtlpHttp({ ...receiverOptions().options, listen: receiver.address })).rejects.toThrow(
    /EADDRINUSE.*listen\.otlp_http/,
  )
})

test('bodies of many sizes at once do not mix, plain and gzip, whole and in pieces', async () => {
  const { post, spans } = await startReceiver()
  const sizes = Array.from({ length: 60 }, (_, i) => (i * 97_003) % 1_000_000)
  const send = async (size: number, i: number) => {
    const text = String.fromCharCode(97 + (i % 26)).repeat(size)
    const span = jsonSpan({ spanId: (i + 1).toString(16).padStart(16, '0'), status: { message: text } })
    const body = i % 2 === 0 ? Buffer.from(JSON.stringify(jsonRequest([span]))) : toProtobuf(jsonRequest([span]))
    const headers = i % 2 === 0 ? asJson : asProtobuf
    const gzip = i % 3 === 0
    return (await post(gzip ? gzipSync(body) : body, gzip ? { ...headers, 'content-encoding': 'gzip' } : headers))
      .status
  }
  expect(new Set(await Promise.all(sizes.map(send)))).toEqual(new Set([200]))
  const most = ingestConfig.parse({}).max_attribute_bytes
  const stored = new Map(spans().map((span) => [Number.parseInt(span.span_id, 16) - 1, span.status_message]))
  for (const [i, size] of sizes.entries())
    expect(stored.get(i)).toBe(String.fromCharCode(97 + (i % 26)).repeat(Math.min(size, most)))
})
