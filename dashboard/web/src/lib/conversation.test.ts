import { describe, expect, test } from 'vitest'
import { messagesOf, newMessages, previewOf, type Message } from './conversation.ts'
import { parseCut, wasCut } from './cut-json.ts'

/** A message in one line a part: who, what kind, what. */
const lines = (messages: readonly Message[]) =>
  messages.flatMap(({ role, name, parts }) =>
    parts.map((part) => {
      const who = name === '' ? role : `${role} (${name})`
      const text = (value: string) => value.replaceAll(/\s/g, '')
      if (part.kind === 'tool_call') return `${who} calls ${part.name}#${part.id} ${text(part.arguments)}`
      if (part.kind === 'tool_result') return `${who} result ${part.name}#${part.id} ${text(part.text)}`
      if (part.kind === 'media') return `${who} ${part.media} ${part.what}`
      return `${who} ${part.kind} ${part.kind === 'data' ? text(part.json) : part.text}`
    }),
  )
const read = (value: unknown, role: 'user' | 'assistant' = 'user') =>
  lines(messagesOf(typeof value === 'string' ? value : JSON.stringify(value), role))

const dialects: [dialect: string, value: unknown, expected: string[]][] = [
  ['plain text', 'Why is the sky blue?', ['user text Why is the sky blue?']],
  ['text that looks like JSON', '[citation needed] {sic}', ['user text [citation needed] {sic}']],
  ['text as JSON', '"quoted"', ['user text quoted']],
  ['several prompts', ['one', 'two'], ['user text one', 'user text two']],
  [
    'OpenAI chat',
    [
      { role: 'developer', content: 'Be brief' },
      {
        role: 'user',
        name: 'ada',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'https://evil.example/pixel.png' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
      { role: 'assistant', content: '', refusal: 'I can not' },
    ],
    [
      'developer text Be brief',
      'user (ada) text What is this?',
      'user (ada) image https://evil.example/pixel.png',
      'user (ada) audio ',
      'assistant reasoning hm',
      'assistant calls look#c1 {"at":1}',
      'tool result #c1 acat',
      'assistant text I can not',
    ],
  ],
  [
    'OpenAI chat, a whole answer',
    { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'Blue' } }] },
    ['assistant text Blue'],
  ],
  ['OpenAI completions, a whole answer', { choices: [{ text: 'Blue' }] }, ['assistant text Blue']],
  [
    'OpenAI responses',
    [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
        ],
      },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'I look' }] },
      { type: 'function_call', call_id: 'c2', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c2', output: 'a dog' },
      { type: 'web_search_call', id: 'w1', action: { query: 'dogs' } },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'A dog' }] },
    ],
    [
      'user text Look',
      'user image image/png',
      'assistant reasoning I look',
      'assistant calls look#c2 {}',
      'tool result #c2 adog',
      'assistant calls web_search#w1 {"query":"dogs"}',
      'assistant text A dog',
    ],
  ],
  [
    'OpenAI responses, a whole answer',
    {
      object: 'response',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }],
    },
    ['assistant text Hi'],
  ],
  [
    'Anthropic',
    [
      { role: 'system', content: [{ type: 'text', text: 'Be kind', cache_control: { type: 'ephemeral' } }] },
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } },
          { type: 'text', text: 'Who?' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'a face', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          { type: 'tool_use', id: 't1', name: 'find', input: { who: 1 } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'Ada' }] }] },
      { role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://docs.example/a.pdf' } }] },
    ],
    [
      'system text Be kind',
      'user image image/jpeg',
      'user text Who?',
      'assistant reasoning a face',
      'assistant reasoning not disclosed',
      'assistant calls find#t1 {"who":1}',
      'user result #t1 Ada',
      'user file https://docs.example/a.pdf',
    ],
  ],
  [
    'Anthropic, a request body',
    { system: 'Be kind', messages: [{ role: 'user', content: 'Hi' }] },
    ['system text Be kind', 'user text Hi'],
  ],
  [
    'Anthropic, a whole answer',
    { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    ['assistant text Hello'],
  ],
  [
    'Gemini',
    [
      { role: 'system', parts: [{ text: 'Be exact' }] },
      {
        role: 'user',
        parts: [
          { text: 'Sum' },
          { inlineData: { mimeType: 'image/webp', data: 'AA' } },
          { fileData: { mimeType: 'video/mp4', fileUri: 'gs://b/v' } },
        ],
      },
      { role: 'model', parts: [{ text: 'let me', thought: true }, { functionCall: { name: 'add', args: { a: 1 } } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'add', response: { sum: 2 } } }] },
      {
        role: 'model',
        parts: [{ executableCode: { code: 'print(2)' } }, { codeExecutionResult: { output: '2' } }, { text: 'Two' }],
      },
    ],
    [
      'system text Be exact',
      'user text Sum',
      'user image image/webp',
      'user video video/mp4, gs://b/v',
      'assistant reasoning let me',
      'assistant calls add# {"a":1}',
      'user result add# {"sum":2}',
      'assistant calls code# print(2)',
      'assistant result code# 2',
      'assistant text Two',
    ],
  ],
  [
    'Gemini, a whole answer',
    { candidates: [{ content: { role: 'model', parts: [{ text: 'Two' }] } }] },
    ['assistant text Two'],
  ],
  [
    'Bedrock Converse',
    [
      {
        role: 'user',
        content: [
          { text: 'Read' },
          { document: { format: 'pdf', name: 'plan', source: { bytes: 'AA' } } },
          { cachePoint: { type: 'default' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'pages' } } },
          { toolUse: { toolUseId: 'u1', name: 'open', input: { page: 1 } } },
        ],
      },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 'u1', content: [{ json: { ok: true } }], status: 'success' } }],
      },
      { role: 'assistant', content: [{ text: 'Done' }] },
    ],
    [
      'user text Read',
      'user file pdf, plan',
      'assistant reasoning pages',
      'assistant calls open#u1 {"page":1}',
      'user result #u1 [{"json":{"ok":true}}]',
      'assistant text Done',
    ],
  ],
  [
    'OpenTelemetry',
    [
      { role: 'system', parts: [{ type: 'text', content: 'Be short' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'Weather?' },
          { type: 'uri', modality: 'image', uri: 'https://x.example/a.png' },
          { type: 'blob', modality: 'audio', mime_type: 'audio/wav', data: 'AA' },
        ],
      },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'ask' },
          { type: 'tool_call', id: 'k', name: 'get', arguments: { in: 'Rome' } },
        ],
        finish_reason: 'tool_call',
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'k', response: 'rainy' }] },
    ],
    [
      'system text Be short',
      'user text Weather?',
      'user image https://x.example/a.png',
      'user audio audio/wav',
      'assistant reasoning ask',
      'assistant calls get#k {"in":"Rome"}',
      'tool result #k rainy',
    ],
  ],
  [
    'Vercel AI',
    {
      system: 'Be nice',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'file', mediaType: 'application/pdf', data: 'AA' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'v1', toolName: 'now', input: {} }] },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'v1', toolName: 'now', output: { type: 'text', value: 'noon' } },
          ],
        },
      ],
    },
    [
      'system text Be nice',
      'user text Hi',
      'user file application/pdf',
      'assistant calls now#v1 {}',
      'tool result now#v1 {"type":"text","value":"noon"}',
    ],
  ],
  [
    'OpenInference, put together',
    [
      { role: 'user', contents: [{ message_content: { type: 'text', text: 'Hi' } }] },
      { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' }, id: 'o1' }] },
    ],
    ['user text Hi', 'assistant calls f#o1 {}'],
  ],
  [
    'LangChain',
    {
      messages: [
        [
          {
            lc: 1,
            type: 'constructor',
            id: ['langchain_core', 'messages', 'SystemMessage'],
            kwargs: { content: 'Be' },
          },
          { lc: 1, type: 'constructor', id: ['langchain_core', 'messages', 'HumanMessage'], kwargs: { content: 'Hi' } },
        ],
      ],
    },
    ['system text Be', 'user text Hi'],
  ],
  [
    'LangChain, short',
    [
      { type: 'human', data: { content: 'Hi' } },
      { type: 'ai', content: 'Ho' },
    ],
    ['user text Hi', 'assistant text Ho'],
  ],
  [
    'Cohere',
    { preamble: 'Be', chat_history: [{ role: 'CHATBOT', message: 'Hello' }], message: 'Why?' },
    ['system text Be', 'assistant text Hello', 'user text Why?'],
  ],
  ['unknown JSON', { temperature: 3, nested: { a: [1] } }, ['user data {"temperature":3,"nested":{"a":[1]}}']],
  ['a list of what is no message', [1, null, true], ['user data 1', 'user data true']],
  ['an empty list', [], ['user data []']],
]

describe('one shape for all dialects', () => {
  test.each(dialects)('%s', (_, value, expected) => {
    expect(read(value)).toEqual(expected)
  })

  test('nothing is nothing, and the answer is the assistant’s', () => {
    expect(messagesOf('', 'user')).toEqual([])
    expect(read('42', 'assistant')).toEqual(['assistant text 42'])
    expect(read([{ type: 'text', text: 'a' }], 'assistant')).toEqual(['assistant text a'])
  })

  test('whatever comes in, something readable comes out', () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000)
    for (const text of [
      deep,
      '{"role":"__proto__","content":{"constructor":1}}',
      '{"messages":{"a":1}}',
      '[{"role":5}]',
    ])
      expect(messagesOf(text, 'user').flatMap(({ parts }) => parts).length).toBeGreaterThan(0)
  })
})

describe('content that was cut', () => {
  const whole = JSON.stringify([
    { role: 'user', content: 'Hi "there" \\ é' },
    { role: 'assistant', content: 'Ho', n: 12 },
  ])

  test('wherever it ends after its first value, what is there is read', () => {
    const ends = Array.from({ length: whole.length + 1 }, (_, end) => end).slice('[{"role":"'.length)
    const read = ends.map((end) => parseCut(`${whole.slice(0, end)}…[cut: 9 bytes]`))
    expect(read.filter((value) => value === undefined)).toEqual([])
    expect(read.at(-1)).toEqual(JSON.parse(whole))
  })

  test('a message that ends in the middle says so', () => {
    const text = `${whole.slice(0, 40)}…[cut: 70 bytes]`
    expect(wasCut(text)).toBe(true)
    expect(lines(messagesOf(text, 'user'))[0]).toMatch(/^user text Hi "the.*…\[cut: 70 bytes\]$/)
  })

  test('what is no JSON stays text', () => {
    expect(parseCut('{"a":')).toBeUndefined()
    expect(read('{not json}…[cut: 5 bytes]')).toEqual(['user text {not json}…[cut: 5 bytes]'])
  })
})

describe('what a call adds to the one before', () => {
  const first = messagesOf('[{"role":"system","content":"Be"},{"role":"user","content":"Hi"}]', 'user')
  const answer = messagesOf('Hello ', 'assistant')

  test('only what was not said yet', () => {
    const next = messagesOf(
      '[{"role":"system","content":"Be"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"And?"}]',
      'user',
    )
    const added = newMessages([...first, ...answer], next)
    expect([lines(added.messages), added.repeated]).toEqual([['user text And?'], 3])
  })

  test('another conversation is told in full', () => {
    const other = messagesOf('[{"role":"system","content":"Other"},{"role":"user","content":"Hi"}]', 'user')
    expect(newMessages([...first, ...answer], other)).toEqual({ messages: other, repeated: 0 })
  })

  test('a retry adds nothing', () => {
    expect(newMessages(first, first)).toEqual({ messages: [], repeated: 2 })
  })
})

test.each([
  ['Hello', 'Hello'],
  ['[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":"{}"}}]}]', 'calls look'],
  ['[{"role":"user","content":"a"},{"role":"user","content":"b"}]', 'b'],
  ['', ''],
])('a preview of %s', (text, preview) => {
  expect(previewOf(text, 'assistant')).toBe(preview)
})
