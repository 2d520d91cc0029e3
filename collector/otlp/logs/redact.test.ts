import { expect, test } from 'vitest'
import { contentConfig } from '../../config.ts'
import { createRedactor } from '../../redact.ts'
import { jsonLog, jsonLogs } from '../testing.ts'
import { decodeLogsJson } from './decode-json.ts'
import { redactLogEvent } from './redact.ts'

const string = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const key = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH'

function redacted(mode: 'off' | 'redacted' | 'full', overrides: Record<string, unknown>) {
  const request = jsonLogs([jsonLog(overrides)], [string('service.name', 'shop'), string('api_key', key)])
  const { events } = decodeLogsJson(Buffer.from(JSON.stringify(request)), {
    max_attribute_bytes: 1024,
    now: 1.76e15 + 1e8,
  })
  const [event] = events.map((one) => redactLogEvent(createRedactor(contentConfig.parse(mode)), one))
  return event
}

const said = { stringValue: 'write to ada@example.com' }

test.each([
  ['off' as const, ''],
  ['full' as const, said.stringValue],
])('the body of a message when content is %s', (mode, body) => {
  expect(redacted(mode, { body: said })?.body).toBe(body)
})

test('the body of a message when content is redacted', () => {
  const body = redacted('redacted', { body: said })?.body
  expect(body).toContain('write to ')
  expect(body).not.toContain('ada@example.com')
})

test('the event of a whole call keeps its counts when content is off', () => {
  const attributes = [
    { key: 'gen_ai.usage.input_tokens', value: { intValue: '23' } },
    string('gen_ai.input.messages', '[{"role":"user","content":"Hello"}]'),
    string('gen_ai.evaluation.explanation', 'because'),
  ]
  const event = redacted('off', { eventName: 'gen_ai.client.inference.operation.details', attributes })
  expect(event?.attributes).toEqual(new Map([['gen_ai.usage.input_tokens', 23]]))
})

test.each(['off', 'redacted', 'full'] as const)('credentials are dropped when content is %s', (mode) => {
  const event = redacted(mode, {})
  expect(event?.resource_attributes).toEqual(new Map([['service.name', 'shop']]))
})
