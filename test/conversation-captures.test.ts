/** What real clients sent is read as messages, whatever their shape: nothing of it is left as JSON that no shape fits. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeJson } from '../collector/otlp/decode-json.ts'
import { requestOf } from '../collector/otlp/dialects/index.ts'
import { messagesOf } from '../dashboard/web/src/lib/conversation.ts'

const captures = new URL('../../shared/captures/otlp/', import.meta.url)
const options = { max_attribute_bytes: 262_144, now: Date.UTC(2026, 10, 21, 12) * 1000 }

test.skipIf(!existsSync(captures))('every capture', () => {
  const read = readdirSync(captures)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const { spans } = decodeJson(readFileSync(new URL(name, captures)), options)
      return spans.flatMap((span) => {
        const request = requestOf(span)
        if (!request) return []
        const messages = [...messagesOf(request.input, 'user'), ...messagesOf(request.output, 'assistant')]
        return messages.flatMap(({ role, parts }) => parts.map((part) => ({ name, role, part })))
      })
    })
  expect(read.length).toBeGreaterThan(50)
  expect(read.filter(({ part }) => part.kind === 'data')).toEqual([])
  expect(new Set(read.map(({ role }) => role))).toEqual(new Set(['system', 'user', 'assistant', 'tool']))
})
