/** Targets from a URL. */
import { readFile } from 'node:fs/promises'
import { durationMs } from '../../../records/duration.ts'
import type { HttpProvider } from './config.ts'
import {
  DiscoveryError,
  messageOf,
  type Found,
  type Provider,
  type ProviderEvents,
  type ProviderServices,
} from './provider.ts'
import { startRefreshing } from './refresh.ts'
import type { LabelSet } from './relabel.ts'
import { get, readBody } from './request.ts'
import { readTargetGroups } from './target-groups.ts'

const maxBytes = 16 * 2 ** 20

/** An answer that cannot be had or used keeps the targets of the one before. */
export function startHttpProvider(config: HttpProvider, events: ProviderEvents, { clock }: ProviderServices): Provider {
  const intervalMs = durationMs(config.refresh_interval)
  const timeoutMs = durationMs(config.timeout)
  let known: { text: string; labels: LabelSet[] } = { text: '', labels: [] }

  const ask = async (signal: AbortSignal): Promise<Found> => {
    const response = await get(config.url, {
      headers: {
        accept: 'application/json',
        'x-prometheus-refresh-interval-seconds': String(intervalMs / 1000),
        ...(await authorization(config)),
      },
      ca: config.ca_file === undefined ? undefined : await fileText(config.ca_file),
      timeoutMs,
      signal,
    })
    if (response.statusCode !== 200) {
      response.destroy()
      throw new DiscoveryError(statusProblem(withoutQuery(config.url), response.statusCode))
    }
    const text = await readBody(response, { maxBytes, timeoutMs })
    if (text !== known.text) known = { text, labels: labelsOf(config.url, text) }
    return { labels: known.labels, error: '' }
  }
  return startRefreshing({ ask, intervalMs, events, clock })
}

function labelsOf(url: string, text: string): LabelSet[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new DiscoveryError(`${withoutQuery(url)} answers no JSON: ${messageOf(error).slice(0, 200)}`, {
      cause: error,
    })
  }
  return readTargetGroups(value, { __meta_url: withoutQuery(url) })
}

async function authorization(config: HttpProvider): Promise<Record<string, string>> {
  const { basic_auth: basic, bearer_token: token, bearer_token_file: tokenFile } = config
  if (basic) {
    const password = basic.password_file === undefined ? (basic.password ?? '') : await secretOf(basic.password_file)
    return { authorization: `Basic ${Buffer.from(`${basic.username}:${password}`).toString('base64')}` }
  }
  const bearer = tokenFile === undefined ? token : await secretOf(tokenFile)
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
}

const secretOf = async (path: string) => (await fileText(path)).trim()

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new DiscoveryError(`${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** A query may hold a key: it is neither shown nor stored. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function statusProblem(url: string, status = 0): string {
  if (status === 401 || status === 403)
    return `${url} refuses access (${status}): set basic_auth, bearer_token or bearer_token_file`
  if (status >= 300 && status < 400) return `${url} redirects (${status}): write the address that it names`
  return `${url} answers ${status}, not 200`
}
