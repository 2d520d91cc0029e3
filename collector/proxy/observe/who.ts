/** Who calls, and for whom: what the headers and the body of a request say of it. Keys are hashed here and go no further. */
import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { attributeClass } from '../../../records/content-names.ts'
import type { LlmRequest } from '../../../records/llm-request.ts'
import { atPath } from '../usage/json.ts'

type Field =
  | 'user_id'
  | 'team'
  | 'feature'
  | 'session_id'
  | 'environment'
  | 'variant'
  | 'prompt_name'
  | 'prompt_version'
  | 'service'
  | 'endpoint'

export type Who = Pick<LlmRequest, Exclude<Field, 'endpoint'>>

const headers: Record<keyof Who, string> = {
  user_id: 'x-inferwatch-user',
  team: 'x-inferwatch-team',
  feature: 'x-inferwatch-feature',
  session_id: 'x-inferwatch-session',
  environment: 'x-inferwatch-environment',
  variant: 'x-inferwatch-variant',
  prompt_name: 'x-inferwatch-prompt-name',
  prompt_version: 'x-inferwatch-prompt-version',
  service: 'x-inferwatch-service',
}

/** Said to us alone: none of these goes upstream. */
export const privateHeaders: readonly string[] = Object.values(headers)

/** Where bodies of vendors' APIs say it, in order of preference. OpenAI's `user` is the older name of the last. */
const inBody: Partial<Record<keyof Who, readonly (readonly string[])[]>> = {
  user_id: [['metadata', 'user_id'], ['metadata', 'user'], ['user'], ['safety_identifier']],
  team: [['metadata', 'team']],
  feature: [['metadata', 'feature']],
  session_id: [['metadata', 'session_id'], ['metadata', 'conversation_id'], ['conversation', 'id'], ['conversation']],
  environment: [['metadata', 'environment']],
  variant: [['metadata', 'variant']],
  prompt_name: [
    ['metadata', 'prompt_name'],
    ['prompt', 'id'],
  ],
  prompt_version: [
    ['metadata', 'prompt_version'],
    ['prompt', 'version'],
  ],
}

const places = (Object.entries(headers) as [keyof Who, string][]).map(([field, header]) => ({
  field,
  header,
  paths: inBody[field] ?? [],
}))

/** Longest identifier kept: these land in columns of few different values. */
const maxLength = 256

export function whoOf(given: IncomingHttpHeaders, body: unknown): Who {
  const who: Who = {
    user_id: '',
    team: '',
    feature: '',
    session_id: '',
    environment: '',
    variant: '',
    prompt_name: '',
    prompt_version: '',
    service: '',
  }
  for (const { field, header, paths } of places) {
    who[field] = short(given[header])
    for (const path of paths) who[field] ||= short(atPath(body, path))
  }
  return who
}

/**
 * `header.<name>` and `body.<path>`, as the configuration of attribution may name them, with what the call says there; of a key
 * a hash.
 */
export function configuredSources(
  names: readonly string[],
  given: IncomingHttpHeaders,
  body: unknown,
): [name: string, value: string][] {
  return names.flatMap((name) => {
    const said = name.startsWith('header.')
      ? given[name.slice('header.'.length).toLowerCase()]
      : name.startsWith('body.')
        ? atPath(body, name.slice('body.'.length).split('.'))
        : ''
    const value = attributeClass(name) === 'secret' ? hashed(keyIn(text(said))) : short(said)
    return value === '' ? [] : [[name, value]]
  })
}

const short = (value: unknown) => text(value).slice(0, maxLength)

function text(value: unknown): string {
  return (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '').trim()
}

/** A name for the client's key that tells keys apart and gives none away; '' without one. */
export function keyName(given: IncomingHttpHeaders, query: URLSearchParams): string {
  const { authorization } = given
  const key =
    single(given['x-api-key']) ||
    single(given['api-key']) ||
    single(given['x-goog-api-key']) ||
    (authorization === undefined ? '' : keyIn(authorization)) ||
    (query.get('key') ?? '')
  return hashed(key)
}

const hashed = (key: string) => (key === '' ? '' : `sha256:${hash('sha256', key).slice(0, 12)}`)

/** Signatures of AWS differ with every request: the id of the key does not. */
function keyIn(authorization: string): string {
  const signed = /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)/.exec(authorization)?.[1]
  return signed ?? authorization.replace(/^(?:bearer|basic|apikey)\s+/i, '').trim()
}

const single = (value: string | string[] | undefined) => (typeof value === 'string' ? value : (value?.[0] ?? ''))
