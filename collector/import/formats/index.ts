/** The exports of other products that can be imported. A new one is a file beside this one and a line here. */
import { anthropicBatch } from './anthropic-batch.ts'
import type { ExportFormat } from './format.ts'
import { helicone } from './helicone.ts'
import { langfuse } from './langfuse.ts'
import { litellm } from './litellm.ts'
import { openaiBatch } from './openai-batch.ts'
import { openaiUsage } from './openai-usage.ts'

export const exportFormats: readonly ExportFormat[] = [
  litellm,
  langfuse,
  helicone,
  openaiUsage,
  openaiBatch,
  anthropicBatch,
]

/** The format whose columns these are; null when they are nobody's. */
export function recognise(columns: readonly string[]): ExportFormat | null {
  const names = new Set(columns)
  return exportFormats.find((format) => format.matches(names)) ?? null
}
