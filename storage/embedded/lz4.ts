/** The LZ4 block format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */

/** A block ends with so many bytes as they are, and no match begins in the last twelve. */
const lastLiterals = 5
const lastMatch = 12
const leastMatch = 4
const maxDistance = 65_535
const hashBits = 14

/** Greedy, as LZ4's own fastest level. */
export function lz4Compress(source: Buffer): Buffer {
  // The worst case of the format.
  const target = Buffer.allocUnsafe(source.length + Math.ceil(source.length / 255) + 16)
  const seen = new Int32Array(2 ** hashBits).fill(-1)
  let written = 0
  let literalsFrom = 0
  let at = 0
  while (at + lastMatch < source.length) {
    const four = source.readUInt32LE(at)
    const slot = Math.imul(four, 2654435761) >>> (32 - hashBits)
    const candidate = seen[slot] ?? -1
    seen[slot] = at
    if (candidate < 0 || at - candidate > maxDistance || source.readUInt32LE(candidate) !== four) {
      // The longer nothing matched, the less a look is worth.
      at += 1 + ((at - literalsFrom) >> 6)
      continue
    }
    let length = leastMatch
    const most = source.length - lastLiterals - at
    while (length < most && source[candidate + length] === source[at + length]) length++
    written = writeLiterals(target, written, source.subarray(literalsFrom, at), length - leastMatch)
    written = target.writeUInt16LE(at - candidate, written)
    if (length - leastMatch >= 15) written = writeLength(target, written, length - leastMatch - 15)
    at += length
    literalsFrom = at
  }
  written = writeLiterals(target, written, source.subarray(literalsFrom), 0)
  return target.subarray(0, written)
}

/** Throws RangeError for a block that is broken or does not have `size` bytes. */
export function lz4Decompress(block: Buffer, size: number): Buffer {
  const target = Buffer.alloc(size)
  let read = 0
  let written = 0
  const length = (short: number): number => {
    let sum = short
    if (short === 15) {
      let more
      do sum += more = block.readUInt8(read++)
      while (more === 255)
    }
    return sum
  }
  while (read < block.length) {
    const token = block.readUInt8(read++)
    const literals = length(token >> 4)
    if (literals > block.length - read || literals > size - written) throw new RangeError('broken LZ4 block')
    written += block.copy(target, written, read, read + literals)
    read += literals
    if (read === block.length) break
    const distance = block.readUInt16LE(read)
    read += 2
    const match = length(token & 15) + leastMatch
    if (distance === 0 || distance > written || match > size - written) throw new RangeError('broken LZ4 block')
    // Byte by byte: what is copied may be copied from itself.
    for (const end = written + match; written < end; written++) target[written] = target[written - distance] ?? 0
  }
  if (written !== size) throw new RangeError('broken LZ4 block')
  return target
}

function writeLiterals(target: Buffer, at: number, literals: Buffer, match: number): number {
  let written = target.writeUInt8((Math.min(literals.length, 15) << 4) | Math.min(match, 15), at)
  if (literals.length >= 15) written = writeLength(target, written, literals.length - 15)
  return written + literals.copy(target, written)
}

function writeLength(target: Buffer, at: number, rest: number): number {
  const whole = Math.floor(rest / 255)
  target.fill(255, at, at + whole)
  return target.writeUInt8(rest % 255, at + whole)
}
