import { expect, test } from 'vitest'
import { random } from '../../otlp/testing.ts'
import { askForUsage } from './ask-usage.ts'
import { UsageHider } from './hide-usage.ts'
import { sse } from './testing.ts'

const chunk = (choices: object[], more: object = {}) => ({ id: 'c', object: 'chat.completion.chunk', choices, ...more })
const content = (text: string) => chunk([{ index: 0, delta: { content: text }, finish_reason: null }], { usage: null })
const usage = chunk([], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })

/** What comes out of a stream that comes in these pieces. */
function through(pieces: readonly Buffer[]): Buffer {
  const hider = new UsageHider()
  const out = pieces.map((piece) => hider.push(piece))
  return Buffer.concat([...out, hider.rest() ?? Buffer.alloc(0)])
}

const cut = (bytes: Buffer, ...cuts: number[]) =>
  [...cuts, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], end))

type Stream = [name: string, eol: string, before: string, after: string]
const streams = ['\n', '\r\n', '\r'].flatMap((eol): Stream[] => {
  const say = (events: unknown[], done = false) => sse(events, { eol, done })
  return [
    ['usage before the end', eol, say([content('Zürich 🇨🇭'), content('data: "usage"')]), say([], true)],
    ['usage last of all', eol, say([content('a')]), ''],
    ['usage first', eol, '', say([content('a')], true)],
    ['names and comments', eol, `: ping${eol}${eol}event: x${eol}${say([content('a')])}`, say([], true)],
  ]
})

test.each(streams)('%s (%j): only that chunk is taken out, wherever the stream is cut', (_name, eol, before, after) => {
  const whole = Buffer.from(before + sse([usage], { eol }) + after)
  const wanted = Buffer.from(before + after)
  expect(through([whole]).toString()).toBe(wanted.toString())
  for (let first = 0; first <= whole.length; first++) {
    expect(through(cut(whole, first)).equals(wanted), `cut at ${first}`).toBe(true)
    for (let second = first; second <= whole.length; second += 7)
      expect(through(cut(whole, first, second)).equals(wanted), `cut at ${first} and ${second}`).toBe(true)
  }
  expect(through([...whole].map((byte) => Buffer.from([byte]))).equals(wanted)).toBe(true)
})

test('a stream without such a chunk goes through byte for byte, damaged or not', () => {
  const next = random(5)
  const pieces =
    'data: |{"choices":[]|,"usage":null}|\n|\r|\r\n|\n\n|event: a|: c|[DONE]|{"usage"|é|"choices":[{'.split('|')
  for (let round = 0; round < 5_000; round++) {
    const text = Array.from({ length: Math.floor(next() * 12) }, () => pieces[Math.floor(next() * pieces.length)]).join(
      '',
    )
    const bytes = Buffer.from(text)
    const at = Math.floor(next() * (bytes.length + 1))
    expect(through(cut(bytes, at)).equals(bytes), JSON.stringify([text, at])).toBe(true)
  }
})

test('an event that comes whole goes on in the very same buffer', () => {
  const event = Buffer.from(sse([content('a')]))
  expect(new UsageHider().push(event)).toBe(event)
})

test('a chunk of the answer is not held back while it comes', () => {
  const hider = new UsageHider()
  const event = sse([content('a long answer')])
  const start = event.indexOf('"delta"')
  expect(hider.push(Buffer.from(event.slice(0, start))).toString()).toBe(event.slice(0, start))
  expect(hider.push(Buffer.from(event.slice(start))).toString()).toBe(event.slice(start))
})

test('what never ends is not held for ever', () => {
  const hider = new UsageHider()
  const begin = Buffer.from('data: {"a":"')
  const more = Buffer.alloc(70_000, 'x')
  expect(hider.push(begin)).toHaveLength(0)
  expect(hider.push(more).equals(Buffer.concat([begin, more]))).toBe(true)
  expect(hider.push(more)).toBe(more)
})

const asking = '"stream_options":{"include_usage":true}'
test.each([
  ['{"model":"m","stream":true}', `{"model":"m","stream":true,${asking}}`],
  [
    '{ "stream" : true , "seed": 12345678901234567890 }\n',
    `{ "stream" : true , "seed": 12345678901234567890,${asking} }\n`,
  ],
  ['{"stream_options":{},"stream":true}', `{${asking},"stream":true}`],
  ['{"stream_options":null,"stream":true}', `{${asking},"stream":true}`],
  ['{"stream_options": {"x":1.0},"stream":true}', '{"stream_options": {"include_usage":true,"x":1.0},"stream":true}'],
  ['{"a":"}\\"","b":[{"stream":1}],"stream":true}', `{"a":"}\\"","b":[{"stream":1}],"stream":true,${asking}}`],
  ['{"stream":true,"stream_options":{"include_usage":true}}', null],
  ['{"stream":true,"stream_options":{"include_usage":false}}', null],
  ['{"stream":true,"stream_options":7}', null],
  ['{"stream":false}', null],
  ['{"stream":true', null],
  ['[true]', null],
  ['', null],
])('%s asks as %s', (body, expected) => {
  expect(askForUsage(Buffer.from(body))?.toString() ?? null).toBe(expected)
})
