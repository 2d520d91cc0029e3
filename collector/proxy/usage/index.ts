/**
 * The APIs whose calls are understood, tried in order. To add one: a file that exports a UsageParser, a line in this list, and
 * exchanges in usage.test.ts.
 */
import { anthropic } from './anthropic.ts'
import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { gemini } from './gemini.ts'
import { nativeServers } from './native-servers.ts'
import { ollama } from './ollama.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiCompletions } from './openai-completions.ts'
import { openAiOthers } from './openai-others.ts'
import { openAiResponses } from './openai-responses.ts'
import type { Route, Target, UsageParser } from './parser.ts'

/** Those with more particular paths come first. */
export const usageParsers: readonly UsageParser[] = [
  bedrock,
  gemini,
  ollama,
  cohere,
  anthropic,
  openAiChat,
  openAiCompletions,
  openAiResponses,
  openAiOthers,
  nativeServers,
]

/** Whose call it is, or null when it is no call of a model that we know. */
export function routeOf(target: Target): { parser: UsageParser; route: Route } | null {
  for (const parser of usageParsers) {
    const route = parser.route(target)
    if (route) return { parser, route }
  }
  return null
}
