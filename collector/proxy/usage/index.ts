/**
 * The APIs whose calls are understood, tried in order. To add one: a file that exports a UsageParser, a line in this list, and
 * exchanges in usage.test.ts.
 */
import { memo } from '../../../records/memo.ts'
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

interface Found {
  parser: UsageParser
  route: Route
}

/** Whose call it is, or null when it is no call of a model that we know. The same object for calls that are alike. */
export function routeOf(target: Target): Found | null {
  const { kind, method, path, query } = target
  return query.size === 0 ? withoutQuery(`${kind} ${method} ${path}`) : find(target)
}

const noQuery = new URLSearchParams()

const withoutQuery = memo((key: string) => {
  const [, kind, method = '', path = ''] = /^(\S+) (\S*) (.*)$/s.exec(key) ?? []
  return find({ kind: kind as Target['kind'], method, path, query: noQuery })
})

function find(target: Target): Found | null {
  for (const parser of usageParsers) {
    const route = parser.route(target)
    if (route) return { parser, route }
  }
  return null
}
