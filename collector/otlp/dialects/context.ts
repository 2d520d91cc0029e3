/**
 * Who called, for what, from where: names that users and frameworks put on spans of any dialect, on the call itself or on
 * a span above it. One table for all, read in one pass over a span's attributes.
 */
import type { Attributes, AttributeValue } from '../../../records/span.ts'
import { object, shortened, textOf } from './attributes.ts'

/** What a call inherits from the spans above it. */
export const contextFields = [
  'user_id',
  'team',
  'feature',
  'session_id',
  'endpoint',
  'region',
  'variant',
  'prompt_name',
  'prompt_version',
  'api_key',
] as const
export type ContextField = (typeof contextFields)[number]
export type CallContext = Partial<Record<ContextField, string>>

/** Names of their own, in order of preference: what was said to us or to one product before what is said to all. */
const names: Record<ContextField, readonly string[]> = {
  user_id: [
    'inferwatch.user_id',
    'langfuse.user.id',
    'user.id',
    'enduser.id',
    'litellm.end_user.id',
    'metadata.user_api_key_end_user_id',
    'gen_ai.user',
    'llm.user',
    'metadata.user_api_key_user_id',
    'litellm.metadata.user_api_key_user_id',
  ],
  session_id: [
    'inferwatch.session_id',
    'langfuse.session.id',
    'session.id',
    'gen_ai.conversation.id',
    'gcp.vertex.agent.session_id',
  ],
  team: [
    'inferwatch.team',
    'team',
    'litellm.team.alias',
    'metadata.user_api_key_team_alias',
    'litellm.team.id',
    'metadata.user_api_key_team_id',
  ],
  feature: ['inferwatch.feature', 'feature'],
  variant: ['inferwatch.variant', 'variant', 'feature_flag.result.variant'],
  endpoint: ['inferwatch.endpoint'],
  region: ['inferwatch.region', 'cloud.region', 'aws.region'],
  api_key: [
    'inferwatch.api_key',
    'metadata.user_api_key_alias',
    'litellm.metadata.user_api_key_alias',
    'litellm.api_key.hash',
    'metadata.user_api_key_hash',
  ],
  prompt_name: [
    'inferwatch.prompt_name',
    'gen_ai.prompt.name',
    'langfuse.observation.prompt.name',
    'traceloop.prompt.key',
    'prompt.id',
    'ai.telemetry.metadata.langfusePrompt.name',
    'metadata.prompt_management_metadata.prompt_id',
  ],
  prompt_version: [
    'inferwatch.prompt_version',
    'gen_ai.prompt.version',
    'langfuse.observation.prompt.version',
    'traceloop.prompt.version',
    'llm.prompt_template.version',
    'ai.telemetry.metadata.langfusePrompt.version',
  ],
}

/** Where clients carry their users' own keys. Baggage, which a whole trace shares, comes last. */
const userPrefixes = [
  'ai.telemetry.metadata.',
  'ai.settings.context.',
  'traceloop.association.properties.',
  'langsmith.metadata.',
  'langfuse.trace.metadata.',
  'langfuse.observation.metadata.',
  'litellm.metadata.',
  'metadata.',
  'baggage.',
] as const

/** How users spell a field there. */
const spellings: Record<ContextField, readonly string[]> = {
  user_id: ['user_id', 'userId', 'user.id', 'enduser.id'],
  session_id: ['session_id', 'sessionId', 'session.id', 'thread_id', 'threadId', 'conversation_id', 'conversationId'],
  team: ['team', 'team_id', 'teamId'],
  feature: ['feature'],
  variant: ['variant'],
  endpoint: ['endpoint'],
  region: ['region'],
  api_key: [],
  prompt_name: ['prompt_name', 'promptName'],
  prompt_version: ['prompt_version', 'promptVersion'],
}

/** Said of a piece of code more than of a feature: better than nothing. */
const weakNames: Partial<Record<ContextField, readonly string[]>> = {
  feature: ['ai.telemetry.functionId', 'gen_ai.workflow.name', 'traceloop.workflow.name'],
}

/** JSON objects whose keys are read as if they stood on the span by themselves, under the name and a dot. */
const objects = new Set([
  'metadata',
  'langfuse.trace.metadata',
  'langfuse.observation.metadata',
  'ai.telemetry.metadata.langfusePrompt',
  'metadata.prompt_management_metadata',
])

/** Where an attribute's value goes: a field, and how much its name counts. */
export interface Place {
  field: number
  /** The lower wins. */
  rank: number
}

const places: ReadonlyMap<string, Place> = new Map(
  contextFields.flatMap((field, index) => {
    const prefixed = userPrefixes.flatMap((prefix) =>
      [...spellings[field], `inferwatch.${field}`].map((spelling) => prefix + spelling),
    )
    return [...names[field], ...prefixed, ...(weakNames[field] ?? [])].map(
      (name, rank) => [name, { field: index, rank }] as const,
    )
  }),
)

/** The place of a name; undefined when it fills no field. */
export function placeOf(name: string): Place | undefined {
  return places.get(name)
}

/** Whether a name's value is an object whose keys may have places. */
export function holdsContext(name: string): boolean {
  return objects.has(name)
}

const notFound = 1e6

/** Collects the best value of each field. One is used again and again: reading is synchronous, and runs on every span. */
class ContextReader {
  readonly #values: string[] = contextFields.map(() => '')
  readonly #ranks: number[] = contextFields.map(() => notFound)
  #found = false

  take({ field, rank }: Place, value: AttributeValue): void {
    if (rank >= (this.#ranks[field] ?? 0)) return
    const text = textOf(value)
    if (text === null) return
    this.#values[field] = shortened(text)
    this.#ranks[field] = rank
    this.#found = true
  }

  takeObject(attributes: Attributes, name: string): void {
    for (const [key, value] of Object.entries(object(attributes, name) ?? {})) {
      const place = places.get(`${name}.${key}`)
      if (place !== undefined) this.take(place, value)
    }
  }

  /** Hands over what was found to those fields that are empty. */
  handTo(context: CallContext): void {
    if (!this.#found) return
    for (let index = 0; index < contextFields.length; index++) {
      const value = this.#values[index]
      const field = contextFields[index]
      if (field !== undefined && value !== undefined && value !== '' && !context[field]) context[field] = value
    }
  }

  /** To be called first: a reading that failed may have left something behind. */
  clear(): void {
    if (!this.#found) return
    this.#values.fill('')
    this.#ranks.fill(notFound)
    this.#found = false
  }
}

export const contextReader = new ContextReader()

/** What these attributes say; null when nothing. Pure. */
export function contextOf(attributes: Attributes): CallContext | null {
  let found = false
  contextReader.clear()
  for (const [name, value] of attributes) {
    const place = places.get(name)
    if (place !== undefined) contextReader.take(place, value)
    else if (objects.has(name)) contextReader.takeObject(attributes, name)
    else continue
    found = true
  }
  if (!found) return null
  const context: CallContext = {}
  contextReader.handTo(context)
  return Object.keys(context).length === 0 ? null : context
}
