/** An S3-compatible bucket as a destination. The secret stays in this process: the engine never sees it. */
import { open, rm, type FileHandle } from 'node:fs/promises'
import { awsSigned, encodedPath, sha256 } from '../aws-signature.ts'
import type { BucketConfig } from './config.ts'
import type { Destination } from './destination.ts'
import { ExportError } from './error.ts'

export interface BucketOptions {
  /** Job: objects are named `<prefix>/<job>/…`. */
  folder: string
  staging: string
  /** Files longer than this go in parts of this size. */
  partBytes?: number
  timeoutMs?: number
}

/** S3 takes parts of 5 MiB and more, 10,000 of them: enough for 160 GB. */
const defaultPartBytes = 16 * 2 ** 20
const defaultTimeoutMs = 120_000

interface Answer {
  status: number
  headers: Headers
  text: string
}

export function bucketDestination(config: BucketConfig, options: BucketOptions): Destination {
  const { folder, staging, partBytes = defaultPartBytes } = options
  const place = `${config.url.replace(/\/$/, '')}/${folder}`
  const [bucket = '', ...prefix] = place.slice('s3://'.length).split('/')
  const ask = requester(config, bucket, options.timeoutMs ?? defaultTimeoutMs)
  const keyOf = (name: string) => [...prefix.filter((part) => part !== ''), name].join('/')
  return {
    place,
    staging,
    async put(staged, name) {
      const file = await open(staged)
      try {
        const { size } = await file.stat()
        const key = keyOf(name)
        if (size <= partBytes) await ask('PUT', key, {}, await bytesOf(file, 0, size))
        else await putInParts((method, query, body) => ask(method, key, query, body), file, size, partBytes)
      } finally {
        await file.close()
      }
      await rm(staged, { force: true })
    },
    async write(name, text) {
      await ask('PUT', keyOf(name), {}, Buffer.from(text))
    },
    async read(name) {
      const { status, text } = await ask('GET', keyOf(name), {}, Buffer.alloc(0), [404])
      return status === 404 ? null : text
    },
    async remove(name) {
      await ask('DELETE', keyOf(name), {}, Buffer.alloc(0), [404])
    },
  }
}

type AskFor = (method: string, query: Record<string, string>, body: Buffer<ArrayBuffer>) => Promise<Answer>

/** The object appears when the last request is done; parts of one that was given up are taken back. */
async function putInParts(ask: AskFor, file: FileHandle, size: number, partBytes: number): Promise<void> {
  const { text } = await ask('POST', { uploads: '' }, Buffer.alloc(0))
  const uploadId = unescaped(tagged(text, 'UploadId'))
  if (uploadId === '') throw new ExportError('the bucket does not say an UploadId: it may not be S3-compatible')
  try {
    const parts: string[] = []
    for (let at = 0; at < size; at += partBytes) {
      const partNumber = parts.length + 1
      const body = await bytesOf(file, at, Math.min(partBytes, size - at))
      const { headers } = await ask('PUT', { partNumber: String(partNumber), uploadId }, body)
      parts.push(`<Part><PartNumber>${partNumber}</PartNumber><ETag>${headers.get('etag')}</ETag></Part>`)
    }
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    const done = await ask('POST', { uploadId }, Buffer.from(body))
    // S3 answers 200 before it puts the parts together, and may fail then.
    if (done.text.includes('<Error>')) throw new ExportError(`S3 could not put the parts together: ${reasonOf(done)}`)
  } catch (error) {
    await ask('DELETE', { uploadId }, Buffer.alloc(0)).catch(() => undefined)
    throw error
  }
}

function requester(config: BucketConfig, bucket: string, timeoutMs: number) {
  const endpoint = (config.endpoint ?? `https://s3.${config.region}.amazonaws.com`).replace(/\/$/, '')
  return async (
    method: string,
    key: string,
    query: Record<string, string>,
    body: Buffer<ArrayBuffer>,
    alsoFine: readonly number[] = [],
  ): Promise<Answer> => {
    const asked = new URLSearchParams(query).toString().replaceAll('+', '%20')
    const url = new URL(`${endpoint}/${encodedPath(`${bucket}/${key}`)}${asked ? `?${asked}` : ''}`)
    const { host, pathname, search } = url
    const request = {
      service: 's3',
      method,
      host,
      path: pathname + search,
      bodyHash: sha256(body),
      at: new Date(),
    } as const
    const signed = awsSigned([], request, config)
    const headers = new Headers()
    for (let at = 0; at < signed.length; at += 2) headers.set(signed[at] ?? '', signed[at + 1] ?? '')
    const answer = await exchange(url, { method, headers, body: body.length > 0 ? body : null }, timeoutMs)
    if ((answer.status >= 200 && answer.status < 300) || alsoFine.includes(answer.status)) return answer
    throw new ExportError(`${method} s3://${bucket}/${key}: ${reasonOf(answer)}`)
  }
}

async function exchange(
  url: URL,
  init: { method: string; headers: Headers; body: Buffer<ArrayBuffer> | null },
  timeoutMs: number,
): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const why = inner instanceof Error ? inner.message || ('code' in inner ? String(inner.code) : '') : String(inner)
    throw new ExportError(`${url.origin} is not reachable: ${why}`, { cause })
  }
}

/** S3's own words. The rest of its answer repeats what was signed. */
function reasonOf({ status, text }: Answer): string {
  const [code, message] = [tagged(text, 'Code'), tagged(text, 'Message')]
  const hint =
    status === 403 && code === 'AccessDenied' ? '; it takes s3:GetObject, PutObject, DeleteObject and ListBucket' : ''
  return [String(status), code, message].filter((part) => part !== '').join(' ') + hint
}

const tagged = (xml: string, tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1] ?? ''

const unescaped = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

async function bytesOf(file: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new ExportError('the file became shorter while it was sent')
    filled += bytesRead
  }
  return buffer
}
