/** Damage: what broken, foreign and hostile senders put on the wire. Everything comes from a seed. */

export interface Dice {
  /** 0–1 */
  next(): number
  int(below: number): number
  pick<T>(items: readonly T[]): T
}

export function diceOf(next: () => number): Dice {
  const int = (below: number) => Math.floor(next() * below)
  return { next, int, pick: <T>(items: readonly T[]) => items[int(items.length)] as T }
}

type Damage = (bytes: Buffer, dice: Dice, other: Buffer) => Buffer

/** Damage to any bytes: protobuf, JSON text, gzip. `other` is a body to splice parts of. */
const damages: Record<string, Damage> = {
  flipBits(bytes, dice) {
    const copy = Buffer.from(bytes)
    for (let left = 1 + dice.int(8); left > 0 && copy.length > 0; left--) {
      const at = dice.int(copy.length)
      copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8))
    }
    return copy
  },
  setBytes(bytes, dice) {
    const copy = Buffer.from(bytes)
    for (let left = 1 + dice.int(4); left > 0 && copy.length > 0; left--)
      copy[dice.int(copy.length)] = dice.pick([0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x22, 0x5b, 0x7b, dice.int(256)])
    return copy
  },
  truncate: (bytes, dice) => bytes.subarray(0, dice.int(bytes.length + 1)),
  insert(bytes, dice) {
    const at = dice.int(bytes.length + 1)
    const junk = Buffer.alloc(1 + dice.int(40), dice.int(256))
    return Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at)])
  },
  splice(bytes, dice, other) {
    const from = dice.int(other.length + 1)
    const part = other.subarray(from, from + dice.int(200))
    const at = dice.int(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + dice.int(100))])
  },
  repeat(bytes, dice) {
    const from = dice.int(bytes.length + 1)
    const part = bytes.subarray(from, from + 1 + dice.int(64))
    return Buffer.concat([
      bytes.subarray(0, from),
      ...Array.from({ length: dice.int(2000) }, () => part),
      bytes.subarray(from),
    ])
  },
  invalidUtf8(bytes, dice) {
    const at = dice.int(bytes.length + 1)
    const broken = dice.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe2, 0x82]])
    const copy = Buffer.from(bytes)
    Buffer.from(broken).copy(copy, at)
    return copy
  },
}

export function damaged(bytes: Buffer, dice: Dice, other: Buffer): Buffer {
  let result = bytes
  for (let left = 1 + dice.int(3); left > 0; left--) result = dice.pick(Object.values(damages))(result, dice, other)
  return result
}

/** Puts a number that is not the length where a length stands, or where one might. */
export function wrongLength(bytes: Buffer, dice: Dice): Buffer {
  if (bytes.length < 2) return bytes
  const places = lengthsOf(bytes)
  const at = places.length > 0 ? dice.pick(places) : dice.int(bytes.length)
  const was = bytes[at] ?? 0
  const length = dice.pick([
    [was + 1],
    [Math.max(was - 1, 0)],
    [0],
    [0xff, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0x07],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  ])
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(length), bytes.subarray(at + 1)])
}

/** Places that follow a tag of a length-delimited field, walking down into what looks like messages. */
function lengthsOf(bytes: Buffer): number[] {
  const places: number[] = []
  for (let at = 0; at + 1 < bytes.length; at++) {
    const tag = bytes[at] ?? 0
    if ((tag & 7) === 2 && tag >= 10 && tag < 128 && at + 1 + (bytes[at + 1] ?? 0) <= bytes.length) places.push(at + 1)
  }
  return places
}

/** Messages in messages, `depth` of them, of one field. */
export function nestedProtobuf(field: number, depth: number): Buffer {
  let size = 0
  const heads: Buffer[] = []
  for (let level = 0; level < depth; level++) {
    const head = Buffer.concat([Buffer.from([(field << 3) | 2]), varint(size)])
    heads.push(head)
    size += head.length
  }
  return Buffer.concat(heads.reverse())
}

/** `inner` as the only field of messages along the way of `fields`, the outermost first. */
export function wrapped(fields: readonly number[], inner: Buffer): Buffer {
  return fields.reduceRight(
    (body: Buffer, field) => Buffer.concat([Buffer.from([(field << 3) | 2]), varint(body.length), body]),
    inner,
  )
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

const oddNumbers = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e400',
  '-1e400',
  '9223372036854775808',
  '18446744073709551616',
  '1e-400',
  '9'.repeat(400),
]
const oddValues: unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53 + 2,
  '',
  'x',
  '-1',
  '1.5',
  'NaN',
  '18446744073709551615',
  '99999999999999999999999',
  '\ud800',
  '\u0000',
  'x'.repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { values: 1 },
  { __proto__: null, constructor: 1 },
  { stringValue: 1, intValue: 'x' },
]

/** Some values of a request replaced by values of other types, and some keys by other keys. */
export function wrongTypes(request: object, dice: Dice): string {
  const share = dice.pick([0.003, 0.02, 0.1])
  const change = (value: unknown): unknown => {
    if (dice.next() < share) return dice.pick(oddValues)
    if (Array.isArray(value)) return value.map(change)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        dice.next() < share ? dice.pick(['__proto__', 'key', 'value', '']) : key,
        change(inner),
      ]),
    )
  }
  return JSON.stringify(change(request))
}

/** Numbers in the text replaced by ones that no type holds. */
export function wrongNumbers(request: object, dice: Dice): string {
  return JSON.stringify(request).replace(/(?<=[:,[])"?\d+"?(?=[,}\]])/g, (whole) => {
    const quote = dice.pick(['', '"'])
    return dice.next() < 0.1 ? `${quote}${dice.pick(oddNumbers)}${quote}` : whole
  })
}

export function nestedJson(dice: Dice, depth: number): string {
  const value = dice.pick(['{"arrayValue":{"values":[', '{"kvlistValue":{"values":[{"key":"k","value":'])
  const end = value.endsWith('[') ? ']}}' : '}]}}'
  const attribute = `{"key":"deep","value":${value.repeat(depth)}{}${end.repeat(depth)}}`
  const span = `{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1760000000123456789","attributes":[${attribute}]}`
  return dice.pick([
    `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`,
    '['.repeat(depth),
    '{"a":'.repeat(depth),
  ])
}
