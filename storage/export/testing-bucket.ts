/** For tests: an S3-compatible store in memory, that believes no request whose signature does not hold. */
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestBucket {
  endpoint: string
  objects: Map<string, Buffer>
  /** `METHOD path?query` of every request that was believed. */
  asked: string[]
  /** Uploads in parts that are neither complete nor taken back. */
  open: Map<string, Map<number, Buffer>>
  /** Answers these requests with 500, instead of doing what they ask. */
  failing: (asked: string) => boolean
  stop(): Promise<void>
}

export const testKeys = { access_key_id: 'AKIATEST', secret_access_key: 'secret/with+signs' }
const minPartBytes = 5 * 2 ** 20

export async function startTestBucket(): Promise<TestBucket> {
  const objects = new Map<string, Buffer>()
  const open = new Map<string, Map<number, Buffer>>()
  const asked: string[] = []
  const failing: TestBucket['failing'] = () => false
  const bucket = { objects, open, asked, failing }
  let uploads = 0

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const refusal = refusalOf(request, body)
    if (refusal) return xml(response, 403, `<Error><Code>${refusal}</Code><Message>no</Message></Error>`)
    const url = new URL(request.url ?? '', 'http://bucket')
    const line = `${request.method} ${request.url}`
    asked.push(line)
    if (bucket.failing(line))
      return xml(response, 500, '<Error><Code>InternalError</Code><Message>try again</Message></Error>')
    const key = decodeURIComponent(url.pathname.slice(1))
    const uploadId = url.searchParams.get('uploadId')
    const parts = open.get(uploadId ?? '')
    if (uploadId !== null && !parts) return xml(response, 404, '<Error><Code>NoSuchUpload</Code></Error>')
    if (request.method === 'POST' && url.searchParams.has('uploads')) {
      const id = `up<${++uploads}>`
      open.set(id, new Map())
      return xml(response, 200, `<R><UploadId>${id.replace('<', '&lt;').replace('>', '&gt;')}</UploadId></R>`)
    }
    if (request.method === 'PUT' && parts) {
      parts.set(Number(url.searchParams.get('partNumber')), body)
      return response.writeHead(200, { etag: etag(body) }).end()
    }
    if (request.method === 'POST' && parts) {
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)]
      const bytes = named.map(([, number]) => parts.get(Number(number)) ?? Buffer.alloc(0))
      const whole = named.every(([, , tag], index) => tag === etag(bytes[index] ?? Buffer.alloc(0)))
      const long = bytes.slice(0, -1).every(({ length }) => length >= minPartBytes)
      if (!whole || !long) return xml(response, 200, '<Error><Code>InvalidPart</Code><Message>part</Message></Error>')
      objects.set(key, Buffer.concat(bytes))
      open.delete(uploadId ?? '')
      return xml(response, 200, '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
    }
    if (request.method === 'DELETE' && uploadId !== null) {
      open.delete(uploadId)
      return response.writeHead(204).end()
    }
    if (request.method === 'PUT') {
      objects.set(key, body)
      return response.writeHead(200).end()
    }
    if (request.method === 'DELETE') {
      objects.delete(key)
      return response.writeHead(204).end()
    }
    const found = objects.get(key)
    if (!found) return xml(response, 404, '<Error><Code>NoSuchKey</Code></Error>')
    return response.writeHead(200).end(found)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(bucket, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

const xml = (response: ServerResponse, status: number, text: string) =>
  response.writeHead(status, { 'content-type': 'application/xml' }).end(text)

const hex = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`

/** The code that S3 would answer, or null when everything is signed as it should be. */
function refusalOf(request: IncomingMessage, body: Buffer): string | null {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w{64})$/.exec(
      request.headers.authorization ?? '',
    )
  if (!match) return 'AccessDenied'
  const [, id, day = '', region = '', names = '', signature] = match
  if (id !== testKeys.access_key_id) return 'InvalidAccessKeyId'
  const hash = String(request.headers['x-amz-content-sha256'])
  if (hash !== hex(body)) return 'XAmzContentSHA256Mismatch'
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const canonicalQuery = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&')
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name])}\n`)
  const canonical = [request.method, path, canonicalQuery, headers.join(''), names, hash].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = `AWS4-HMAC-SHA256\n${String(request.headers['x-amz-date'])}\n${scope}\n${hex(canonical)}`
  const key = hmac(hmac(hmac(hmac(`AWS4${testKeys.secret_access_key}`, day), region), 's3'), 'aws4_request')
  return hmac(key, text).toString('hex') === signature ? null : 'SignatureDoesNotMatch'
}
