/** CityHash128 as of version 1.0.2, the one ClickHouse checks its compressed blocks with: later versions give other values. */

const k0 = 0xc3a5c85c97cb3127n
const k1 = 0xb492b66fbe98f273n
const k2 = 0x9ae16a3b2f90404fn
const k3 = 0xc949d7c7509e6557n
const kMul = 0x9ddfea08eb382d69n

type Pair = readonly [low: bigint, high: bigint]

const u64 = (value: bigint) => BigInt.asUintN(64, value)
const mul = (a: bigint, b: bigint) => BigInt.asUintN(64, a * b)
const add = (a: bigint, b: bigint) => BigInt.asUintN(64, a + b)
const rotate = (value: bigint, by: bigint) => u64((value >> by) | (value << (64n - by)))
const shiftMix = (value: bigint) => value ^ (value >> 47n)

/** The low and the high half. */
export function cityHash128(bytes: Buffer): Pair {
  const length = bytes.length
  if (length >= 16) {
    return withSeed(bytes.subarray(16), [bytes.readBigUInt64LE(0) ^ k3, bytes.readBigUInt64LE(8)])
  }
  if (length < 8) return withSeed(bytes, [k0, k1])
  const ends: Pair = [bytes.readBigUInt64LE(0) ^ mul(BigInt(length), k0), bytes.readBigUInt64LE(length - 8) ^ k1]
  return withSeed(bytes.subarray(0, 0), ends)
}

function withSeed(bytes: Buffer, seed: Pair): Pair {
  if (bytes.length < 128) return murmur(bytes, seed)
  const at = (offset: number) => bytes.readBigUInt64LE(offset)
  let [x, y] = seed
  let z = mul(BigInt(bytes.length), k1)
  let v0 = add(mul(rotate(y ^ k1, 49n), k1), at(0))
  let v1 = add(mul(rotate(v0, 42n), k1), at(8))
  let w0 = add(mul(rotate(add(y, z), 35n), k1), x)
  let w1 = mul(rotate(add(x, at(88)), 53n), k1)
  const rounds = Math.floor(bytes.length / 128) * 2
  for (let s = 0; s < rounds * 64; s += 64) {
    x = mul(rotate(u64(x + y + v0 + at(s + 16)), 37n), k1) ^ w1
    y = mul(rotate(u64(y + v1 + at(s + 48)), 42n), k1) ^ v0
    z = rotate(z ^ w0, 33n)
    ;[v0, v1] = weakHash(bytes, s, mul(v1, k1), add(x, w0))
    ;[w0, w1] = weakHash(bytes, s + 32, add(z, w1), y)
    ;[z, x] = [x, z]
  }
  y = u64(y + mul(rotate(w0, 37n), k0) + z)
  x = add(x, mul(rotate(add(v0, z), 49n), k0))
  const rest = bytes.length - rounds * 64
  for (let done = 32; done < rest + 32; done += 32) {
    const s = bytes.length - done
    y = add(mul(rotate(u64(y - x), 42n), k0), v1)
    w0 = add(w0, at(s + 16))
    x = add(mul(rotate(x, 49n), k0), w0)
    w0 = add(w0, v0)
    ;[v0, v1] = weakHash(bytes, s, v0, v1)
  }
  x = hash16(x, v0)
  y = hash16(y, w0)
  return [add(hash16(add(x, v1), w1), y), hash16(add(x, w1), add(y, v1))]
}

/** For what is too short for the loop above. */
function murmur(bytes: Buffer, [low, high]: Pair): Pair {
  const length = bytes.length
  let [a, b, c, d] = [low, high, 0n, 0n]
  if (length <= 16) {
    a = mul(shiftMix(mul(a, k1)), k1)
    c = add(mul(b, k1), upTo16(bytes))
    d = shiftMix(add(a, length >= 8 ? bytes.readBigUInt64LE(0) : c))
  } else {
    c = hash16(add(bytes.readBigUInt64LE(length - 8), k1), a)
    d = hash16(add(b, BigInt(length)), add(c, bytes.readBigUInt64LE(length - 16)))
    a = add(a, d)
    for (let s = 0; s < length - 16; s += 16) {
      a = mul(a ^ mul(shiftMix(mul(bytes.readBigUInt64LE(s), k1)), k1), k1)
      b ^= a
      c = mul(c ^ mul(shiftMix(mul(bytes.readBigUInt64LE(s + 8), k1)), k1), k1)
      d ^= c
    }
  }
  a = hash16(a, c)
  b = hash16(d, b)
  return [a ^ b, hash16(b, a)]
}

function upTo16(bytes: Buffer): bigint {
  const length = bytes.length
  const size = BigInt(length)
  if (length > 8) {
    const last = bytes.readBigUInt64LE(length - 8)
    return hash16(bytes.readBigUInt64LE(0), rotate(add(last, size), size)) ^ last
  }
  if (length >= 4) {
    return hash16(size + (BigInt(bytes.readUInt32LE(0)) << 3n), BigInt(bytes.readUInt32LE(length - 4)))
  }
  if (length === 0) return k2
  const [first, middle, last] = [bytes.readUInt8(0), bytes.readUInt8(length >> 1), bytes.readUInt8(length - 1)]
  const [y, z] = [BigInt(first + (middle << 8)), BigInt(length + (last << 2))]
  return mul(shiftMix(mul(y, k2) ^ mul(z, k3)), k2)
}

function hash16(u: bigint, v: bigint): bigint {
  const a = shiftMix(mul(u ^ v, kMul))
  return mul(shiftMix(mul(v ^ a, kMul)), kMul)
}

/** Of 32 bytes. */
function weakHash(bytes: Buffer, offset: number, seedA: bigint, seedB: bigint): Pair {
  const z = bytes.readBigUInt64LE(offset + 24)
  const first = add(seedA, bytes.readBigUInt64LE(offset))
  const b = rotate(u64(seedB + first + z), 21n)
  const a = u64(first + bytes.readBigUInt64LE(offset + 8) + bytes.readBigUInt64LE(offset + 16))
  return [add(a, z), u64(b + rotate(a, 44n) + first)]
}
