import { expect, test } from 'vitest'
import { VllmEngine } from './vllm-engine.ts'

interface Load {
  /** Requests a second. */
  rate: number
  seconds: number
  capacity?: number
  slowdown?: number
}

/** Lets requests of 1,000 tokens in and 100 out come in evenly, in steps of 40 ms of simulated time. */
function simulate({ rate, seconds, capacity = 1, slowdown = 1 }: Load) {
  const engine = new VllmEngine()
  engine.capacity = capacity
  engine.slowdown = slowdown
  const ended: number[] = []
  let tokens = 0
  let due = 0
  let sent = 0
  for (let now = 0; now < seconds * 1000; now += 40) {
    for (due += rate * 0.04; due >= 1; due--) {
      sent++
      engine.submit(
        {
          prompt_tokens: 1000,
          cached_tokens: 320,
          answer_tokens: 100,
          finish_reason: 'stop',
          onTokens: (count) => (tokens += count),
          onEnd: () => ended.push(now),
        },
        now,
      )
    }
    engine.advance(now + 40, 40)
  }
  return { engine, sent, ended: ended.length, tokens }
}

const mean = ({ sum, counts }: { sum: number; counts: number[] }) =>
  sum / counts.reduce((total, count) => total + count, 0)

test('under light load nobody waits, and the counters say what came out', () => {
  const { engine, sent, ended, tokens } = simulate({ rate: 1, seconds: 60 })
  expect(sent - ended).toBe(engine.running + engine.waiting)
  expect(engine.finished.stop).toBe(ended)
  expect(engine.generationTokens).toBe(tokens)
  expect(engine.prefixQueries).toBe(sent * 1000)
  expect(engine.prefixHits).toBe(sent * 320)
  expect(engine.waiting).toBe(0)
  expect(engine.kvUsage).toBeLessThan(0.2)
  // 680 tokens of prefill and the first step.
  expect(mean(engine.ttft)).toBeLessThan(0.2)
  expect(mean(engine.tpot)).toBeLessThan(0.025)
})

test('a saturated server: requests queue, and the first token takes longer than the shipped rule allows', () => {
  const { engine } = simulate({ rate: 3, seconds: 240, capacity: 0.08 })
  expect(engine.waiting).toBeGreaterThan(40)
  expect(engine.kvUsage).toBeGreaterThan(0.9)
  expect(mean(engine.queue)).toBeGreaterThan(30)
})

test('throttled GPUs: the same work takes longer at every token', () => {
  const normal = simulate({ rate: 1, seconds: 60 }).engine
  const throttled = simulate({ rate: 1, seconds: 60, slowdown: 2.4 }).engine
  expect(mean(throttled.tpot) / mean(normal.tpot)).toBeGreaterThan(2)
  expect(throttled.running).toBeGreaterThan(normal.running)
})

test('whoever goes away is taken out, wherever the request is', () => {
  const engine = new VllmEngine()
  engine.capacity = 0.05
  const work = {
    prompt_tokens: 100,
    cached_tokens: 0,
    answer_tokens: 50,
    finish_reason: 'stop' as const,
    onTokens() {},
    onEnd() {},
  }
  const leave = [engine.submit(work, 0), engine.submit(work, 0)]
  engine.advance(40, 40)
  expect([engine.running, engine.waiting]).toEqual([1, 1])
  for (const one of leave) one()
  for (const one of leave) one()
  expect([engine.running, engine.waiting, engine.finished.abort, engine.kvUsage < 1]).toEqual([0, 0, 2, true])
})

test('load: busy time since the last look', () => {
  const engine = new VllmEngine()
  engine.advance(1000, 1000)
  expect(engine.takeLoad(1000)).toBe(0)
  engine.submit(
    { prompt_tokens: 10, cached_tokens: 0, answer_tokens: 1000, finish_reason: 'stop', onTokens() {}, onEnd() {} },
    1000,
  )
  engine.advance(2000, 1000)
  expect(engine.takeLoad(2000)).toBe(0.5)
})
