/** What a target is told about who asks. Secrets go into these headers and nowhere else: not into errors, logs or rows. */
import { readFile } from 'node:fs/promises'
import { errorCode } from '../../records/error-code.ts'
import type { AuthConfig } from './target-config.ts'
import { ScrapeError } from './scrape-error.ts'

/** Credentials in the URL count before those configured. Throws ScrapeError when a file cannot be read. */
export async function credentialHeaders(url: URL, auth: AuthConfig | undefined): Promise<Record<string, string>> {
  const headers = { ...auth?.headers }
  const authorization = fromUrl(url) ?? (auth && (await fromConfig(auth)))
  return authorization === undefined ? headers : { ...headers, authorization }
}

/** Parameters that are keys: `token`, `access_token`, `api-key`, `X-Amz-Signature`. */
const secretName = /(^|[-_.])(api)?(key|token|secret|passw(or)?d|auth|sig|signature)$/i

/** `url` as it may be shown and stored: without user and password, and without the keys in its query. */
export function publicUrl(url: string): string {
  const parsed = new URL(url)
  const secrets = [...parsed.searchParams.keys()].filter((name) => secretName.test(name))
  if (parsed.username === '' && parsed.password === '' && secrets.length === 0) return url
  parsed.username = ''
  parsed.password = ''
  for (const name of secrets) parsed.searchParams.set(name, '***')
  return parsed.href
}

function fromUrl({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return basic(decodeURIComponent(username), decodeURIComponent(password))
}

async function fromConfig(auth: AuthConfig): Promise<string | undefined> {
  const { username, password_file, bearer_token_file } = auth
  const token = bearer_token_file === undefined ? auth.bearer_token : await secretOf(bearer_token_file)
  if (token !== undefined) return `Bearer ${token}`
  if (username === undefined) return undefined
  const password = password_file === undefined ? auth.password : await secretOf(password_file)
  return basic(username, password ?? '')
}

const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** Read each time: tokens of service accounts are replaced while we run. */
async function secretOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw unreadableFile(file, cause)
  }
}

export function unreadableFile(file: string, cause: unknown): ScrapeError {
  const message = `${file} cannot be read (${errorCode(cause)}): correct the path or its rights`
  return new ScrapeError('credentials', message, { cause })
}
