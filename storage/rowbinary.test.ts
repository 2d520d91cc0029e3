import { expect, test } from 'vitest'
import { attributeText, maybeUsd } from './column-kinds.ts'
import { RowBinaryWriter } from './rowbinary.ts'

const lengths = [0, 1, 39, 40, 41, 42, 127, 128, 129, 5_000, 16_383, 16_384, 16_385, 100_000]

test.each(lengths)('a text of %i characters, ASCII and not', (length) => {
  for (const letter of ['a', 'é', '語', '🙂']) {
    const text = letter.repeat(length)
    const writer = new RowBinaryWriter(1)
    writer.u8(7)
    writer.text(text)
    writer.text('end')
    const bytes = writer.take()
    const { value, next } = readText(bytes, 1)
    expect(value === text).toBe(true)
    expect(readText(bytes, next)).toEqual({ value: 'end', next: bytes.length })
  }
})

test('half a surrogate pair becomes the replacement character', () => {
  const writer = new RowBinaryWriter()
  writer.text('a\ud800b')
  expect(readText(writer.take(), 0).value).toBe('a\ufffdb')
})

test.each([
  0,
  1,
  -1,
  255,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  -(2 ** 32),
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  1_790_000_000_123_456,
])('the 64-bit integer %i', (value) => {
  const writer = new RowBinaryWriter()
  writer.i64(value)
  expect(Number(writer.take().readBigInt64LE())).toBe(value)
})

test.each<[number | null, bigint | null]>([
  [null, null],
  [0, 0n],
  [0.1, 100_000_000_000n],
  [1e-12, 1n],
  [4.4e-13, 0n],
  [-0.25, -250_000_000_000n],
  [0.012345678901, 12_345_678_901n],
  [4503.6, 4_503_600_000_000_000n],
  [12_345.25, 12_345_250_000_000_000n],
  [999_998.5, 999_998_500_000_000_000n],
  [-999_998.5, -999_998_500_000_000_000n],
  [1e6, null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
])('%d dollars', (value, pico) => {
  const writer = new RowBinaryWriter()
  maybeUsd.write(writer, value)
  const bytes = writer.take()
  expect(bytes[0] === 1 ? null : bytes.readBigInt64LE(1)).toBe(pico)
})

test('taking the bytes copies them: what is written next does not reach them', () => {
  const writer = new RowBinaryWriter()
  writer.u8(1)
  const first = writer.take()
  writer.u8(2)
  expect([first, writer.take()]).toEqual([Buffer.from([1]), Buffer.from([2])])
})

test('attributes as text', () => {
  expect(attributeText([new Uint8Array([255]), null, 1.5, 'x'])).toBe('["/w==",null,1.5,"x"]')
  expect(attributeText(Buffer.from('hi'))).toBe('aGk=')
  expect(attributeText(10n ** 20n)).toBe('100000000000000000000')
})

function readText(bytes: Buffer, at: number): { value: string; next: number } {
  let length = 0
  let shift = 0
  let position = at
  for (;;) {
    const byte = bytes[position++] ?? 0
    length += (byte & 127) * 2 ** shift
    shift += 7
    if (byte < 128) break
  }
  return { value: bytes.toString('utf8', position, position + length), next: position + length }
}
