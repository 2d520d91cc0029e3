/** What a provider says was used in a span of time, summed up by it; table `provider_usage`. Unknown is null, never 0. */
import type { EpochMicros } from './span.ts'

export interface ProviderUsage {
  bucket_start: EpochMicros
  bucket_end: EpochMicros
  provider: string
  /** What was summed up: completions, embeddings, …, or costs. */
  kind: string
  /** Names of the fields that the export was split by, sorted, comma-separated: exports split otherwise count the same calls. */
  grouped_by: string
  project_id: string
  user_id: string
  api_key_id: string
  /** Normalised, the rest in model_version; empty when not split by model. */
  model: string
  model_version: string
  /** true or false; empty when not split by it. */
  batch: string
  service_tier: string
  /** Of costs: what was paid for, as on the bill. */
  line_item: string
  /** Total, with cached tokens in it. */
  input_tokens: number | null
  input_cached_tokens: number | null
  output_tokens: number | null
  input_audio_tokens: number | null
  output_audio_tokens: number | null
  num_model_requests: number | null
  amount_usd: number | null
}

/** Fields that an export may be split by. */
export const usageDimensions = [
  'project_id',
  'user_id',
  'api_key_id',
  'model',
  'batch',
  'service_tier',
  'line_item',
] as const

export function emptyUsage(): ProviderUsage {
  return {
    bucket_start: 0,
    bucket_end: 0,
    provider: '',
    kind: '',
    grouped_by: '',
    project_id: '',
    user_id: '',
    api_key_id: '',
    model: '',
    model_version: '',
    batch: '',
    service_tier: '',
    line_item: '',
    input_tokens: null,
    input_cached_tokens: null,
    output_tokens: null,
    input_audio_tokens: null,
    output_audio_tokens: null,
    num_model_requests: null,
    amount_usd: null,
  }
}
