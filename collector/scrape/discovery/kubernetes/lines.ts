/** A stream of JSON lines. */
import { DiscoveryError, messageOf } from '../provider.ts'

/** Whole lines as they come; a last one without its end is a cut connection, and left out. Throws DiscoveryError. */
export async function* lines(body: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      let start = 0
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        const line = Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8')
        parts = []
        bytes = 0
        start = end + 1
        if (line.trim() !== '') yield line
      }
      const rest = chunk.subarray(start)
      bytes += rest.length
      if (bytes > maxBytes) throw new DiscoveryError(`the API sends a line of more than ${maxBytes} bytes`)
      parts.push(rest)
    }
  } catch (error) {
    throw error instanceof DiscoveryError
      ? error
      : new DiscoveryError(`the connection broke: ${messageOf(error)}`, { cause: error })
  }
}
