/** GET requests of providers: bounded, and with private authorities. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { getCACertificates } from 'node:tls'
import { DiscoveryError, messageOf } from './provider.ts'

export interface GetOptions {
  headers: Record<string, string>
  /** PEM of an authority trusted besides the public ones. */
  ca?: string | undefined
  /** Until the head of the answer. */
  timeoutMs: number
  signal: AbortSignal
}

/** The answer, whatever its status; its body is still to come. Throws DiscoveryError; aborting destroys the body, too. */
export function get(url: string, { headers, ca, timeoutMs, signal }: GetOptions): Promise<IncomingMessage> {
  const { protocol, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const options = { headers: { 'user-agent': 'inferwatch', ...headers }, signal }
    const request =
      protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }) })
        : httpRequest(url, options)
    const timer = setTimeout(() => {
      request.destroy(new DiscoveryError(`no answer within ${timeoutMs} ms`))
    }, timeoutMs)
    request.once('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      reject(new DiscoveryError(`${host}: ${messageOf(error) || codeOf(error)}`, { cause: error }))
    })
    request.end()
  })
}

const codeOf = (error: Error) => ('code' in error ? String(error.code) : 'no connection')

/** The whole body. Throws DiscoveryError when it is larger, slower or cut off. */
export async function readBody(
  response: IncomingMessage,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<string> {
  const timer = setTimeout(() => {
    response.destroy(new DiscoveryError(`the answer takes longer than ${timeoutMs} ms`))
  }, timeoutMs)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new DiscoveryError(`the answer is larger than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    throw error instanceof DiscoveryError
      ? error
      : new DiscoveryError(`the answer was cut off: ${messageOf(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
