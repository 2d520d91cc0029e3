/** One request of the fuzz run, made from the seed and its number alone: a failing one can be made again. */
import { gzipSync } from 'node:zlib'
import { random } from '../../collector/otlp/testing.ts'
import type { Sample, Signal } from './corpus.ts'
import {
  damaged,
  diceOf,
  nestedJson,
  nestedProtobuf,
  wrapped,
  wrongLength,
  wrongNumbers,
  wrongTypes,
  type Dice,
} from './mutate.ts'

export type Encoding = 'protobuf' | 'json'

export interface FuzzCase {
  signal: Signal
  /** What the body was made as; headers may say otherwise. */
  encoding: Encoding
  body: Buffer
  headers: Record<string, string>
  /** How it was made, to be read in a report. */
  recipe: string
}

type Recipe = (sample: Sample, dice: Dice, other: Sample) => { encoding: Encoding; body: Buffer | string }

const jsonOf = (sample: Sample) => Buffer.from(JSON.stringify(sample.request))
/** From the request to the value of a span's attribute. */
const toValue = [1, 2, 2, 9, 2]

const recipes: Record<string, Recipe> = {
  'valid protobuf': ({ protobuf }) => ({ encoding: 'protobuf', body: protobuf }),
  'valid JSON': (sample) => ({ encoding: 'json', body: jsonOf(sample) }),
  'damaged protobuf': ({ protobuf }, dice, other) => ({
    encoding: 'protobuf',
    body: damaged(protobuf, dice, other.protobuf),
  }),
  'wrong lengths': ({ protobuf }, dice) => ({
    encoding: 'protobuf',
    body: wrongLength(dice.next() < 0.5 ? protobuf : wrongLength(protobuf, dice), dice),
  }),
  'damaged JSON': (sample, dice, other) => ({ encoding: 'json', body: damaged(jsonOf(sample), dice, jsonOf(other)) }),
  'wrong types': ({ request }, dice) => ({ encoding: 'json', body: wrongTypes(request, dice) }),
  'wrong numbers': ({ request }, dice) => ({ encoding: 'json', body: wrongNumbers(request, dice) }),
  'nested JSON': (_, dice) => ({ encoding: 'json', body: nestedJson(dice, dice.pick([30, 41, 300, 5_000, 50_000])) }),
  'nested protobuf': (_, dice) => {
    const depth = dice.pick([30, 82, 300, 5_000])
    const field = dice.pick([1, 2, 5, 6])
    const nested = nestedProtobuf(field, depth)
    return { encoding: 'protobuf', body: dice.next() < 0.5 ? nested : wrapped(toValue, wrapped([5], nested)) }
  },
  'many items': (_, dice) => {
    const count = dice.pick([1_000, 20_000, 200_000])
    const empty = Buffer.alloc(count * 2)
    const field = dice.pick([1, 2, 9, 11])
    for (let at = 0; at < empty.length; at += 2) empty[at] = (field << 3) | 2
    return { encoding: 'protobuf', body: wrapped(toValue.slice(0, dice.int(toValue.length)), empty) }
  },
  'many JSON items': (_, dice) => {
    const item = dice.pick(['{}', '{"spans":[]}', '0', '[]', '""'])
    const items = Array.from({ length: dice.pick([1_000, 20_000, 100_000]) }, () => item).join(',')
    const key = dice.pick(['resourceSpans', 'resourceLogs', 'resourceMetrics'])
    return { encoding: 'json', body: `{"${key}":[{"scope${key.slice(8)}":[${items}]}]}` }
  },
  junk: (_, dice) => ({
    encoding: dice.pick(['protobuf', 'json'] as const),
    body: Buffer.from(Array.from({ length: dice.int(300) }, () => dice.int(256))),
  }),
}

/** The slow ones come seldom. */
const shares: Record<string, number> = {
  'nested JSON': 0.3,
  'nested protobuf': 0.3,
  'many items': 0.1,
  'many JSON items': 0.1,
}
const names = Object.keys(recipes)
const total = names.reduce((sum, name) => sum + (shares[name] ?? 1), 0)

export function fuzzCase(seed: number, number: number, samples: readonly Sample[]): FuzzCase {
  const dice = diceOf(random(seed * 1_000_003 + number))
  for (let warm = 0; warm < 3; warm++) dice.next()
  const name = recipeFor(dice.next())
  const sample = dice.pick(samples)
  const made = (recipes[name] as Recipe)(sample, dice, dice.pick(samples))
  const plain = Buffer.isBuffer(made.body) ? made.body : Buffer.from(made.body)
  const packed = zipped(plain, dice)
  const headers = { ...headersOf(made.encoding), ...packed.headers, ...(dice.next() < 0.05 ? oddHeaders(dice) : {}) }
  return { signal: sample.signal, encoding: made.encoding, body: packed.body, headers, recipe: `${name}${packed.how}` }
}

function recipeFor(share: number): string {
  let left = share * total
  return names.find((name) => (left -= shares[name] ?? 1) < 0) ?? 'junk'
}

function headersOf(encoding: Encoding): Record<string, string> {
  return { 'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf' }
}

function zipped(body: Buffer, dice: Dice): { body: Buffer; headers: Record<string, string>; how: string } {
  const share = dice.next()
  if (share < 0.7) return { body, headers: {}, how: '' }
  const headers = { 'content-encoding': 'gzip' }
  const zip = gzipSync(body, { level: 1 })
  if (share < 0.9) return { body: zip, headers, how: ', gzip' }
  if (share < 0.9995) return { body: damaged(zip, dice, zip), headers, how: ', damaged gzip' }
  return { body: bomb(), headers, how: ', a gzip bomb' }
}

let cachedBomb: Buffer | null = null
/** 200 MiB of zeros in 200 kB. */
function bomb(): Buffer {
  cachedBomb ??= gzipSync(Buffer.alloc(200 * 2 ** 20))
  return cachedBomb
}

/** Headers that lie, and headers that are odd. */
function oddHeaders(dice: Dice): Record<string, string> {
  return dice.pick<Record<string, string>>([
    { 'content-type': 'application/json' },
    { 'content-type': 'application/x-protobuf' },
    { 'content-type': 'text/plain' },
    { 'content-type': ';;;;charset' },
    { 'content-type': 'APPLICATION/JSON ; charset="utf-8"; x=y' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'br' },
    { 'content-encoding': 'gzip, gzip' },
    { 'content-encoding': 'identity' },
    { authorization: `Bearer ${'x'.repeat(dice.int(8000))}` },
    { authorization: 'Basic %%%' },
    { 'x-long': 'y'.repeat(dice.pick([100, 20_000])) },
    { 'transfer-encoding': 'chunked' },
    { expect: '100-continue' },
    { origin: 'http://evil.example', 'access-control-request-method': 'POST' },
    { traceparent: '00-zz-zz-zz', baggage: '='.repeat(500) },
    { 'accept-encoding': 'gzip;q=nan' },
  ])
}
