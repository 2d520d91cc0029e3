/** AWS's Signature Version 4. It covers the host and the path. Pure but for the clock passed in. */
import { createHash, createHmac } from 'node:crypto'

/** Names and values by turns, as node:http has them. */
type RawHeaders = readonly string[]

export interface AwsCredentials {
  region: string
  access_key_id: string
  secret_access_key: string
  /** Of temporary credentials. */
  session_token?: string | undefined
}

/** S3 signs a path as it is sent, every other service signs it encoded a second time. */
export type AwsService = 's3' | 'bedrock'

export interface SignedRequest {
  service: AwsService
  method: string
  host: string
  /** With the query, as sent. */
  path: string
  /** SHA-256 of the body, in hex. */
  bodyHash: string
  at: Date
}

/** Of an earlier signature, which are replaced. */
const replaced = new Set(['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'])

export const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The fields with AWS's own; those that have to be signed are, Host as the request will name it. */
export function awsSigned(raw: RawHeaders, request: SignedRequest, credentials: AwsCredentials): string[] {
  const { service, method, host, path, bodyHash, at } = request
  const { region, access_key_id, secret_access_key, session_token } = credentials
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2)
    if (!replaced.has((raw[i] ?? '').toLowerCase())) headers.push(raw[i] ?? '', raw[i + 1] ?? '')
  headers.push('x-amz-date', time, 'x-amz-content-sha256', bodyHash)
  if (session_token !== undefined) headers.push('x-amz-security-token', session_token)
  const fields = signedFields(headers, host)
  const names = [...fields.keys()].join(';')
  const [uri = '', query = ''] = path.split(/\?(.*)/s, 2)
  const canonical = [
    method,
    service === 's3' ? uri : encodedPath(uri),
    canonicalQuery(query),
    ...[...fields].map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret_access_key}`)
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex')
  const credential = `${access_key_id}/${scope}`
  headers.push(
    'authorization',
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  )
  return headers
}

/** In order: the host, the type, and everything of AWS's. */
function signedFields(headers: RawHeaders, host: string): Map<string, string> {
  const fields = new Map([['host', [host]]])
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (name !== 'content-type' && !name.startsWith('x-amz-')) continue
    fields.set(name, [...(fields.get(name) ?? []), (headers[i + 1] ?? '').trim().replaceAll(/ +/g, ' ')])
  }
  const sorted = [...fields].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Map(sorted.map(([name, values]) => [name, values.join(',')]))
}

/** Each part between slashes as AWS encodes it. */
export const encodedPath = (path: string) => path.split('/').map(encoded).join('/')

const encoded = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
  return pairs.toSorted((a, b) => (a < b ? -1 : 1)).join('&')
}
