/** Cuts a byte stream into lines at \n, without a \r before it; a batch of lines per chunk. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ lines: string[]; bytes: number }> {
  let rest: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    // Cut before decoding: a chunk may end inside a character.
    const end = chunk.lastIndexOf(10)
    if (end < 0) {
      rest.push(chunk)
      continue
    }
    const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString('utf8')
    rest = [Buffer.from(chunk.subarray(end + 1))]
    yield { lines: text.split('\n').map(withoutReturn), bytes }
    bytes = 0
  }
  const last = Buffer.concat(rest).toString('utf8')
  if (last !== '') yield { lines: [withoutReturn(last)], bytes }
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line)
