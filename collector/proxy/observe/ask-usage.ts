/** Asks for the token counts of a stream on behalf of clients that did not, byte by byte beside what they asked. Pure. */
import { at, parsed } from '../usage/json.ts'
import { members } from './skim.ts'

const asked = '"include_usage":true'

/** The body that asks for usage; null when it does already, refuses to, or is no streamed request. */
export function askForUsage(body: Buffer): Buffer | null {
  const request = parsed(body.toString('utf8'))
  if (at(request, 'stream') !== true) return null
  const options = at(request, 'stream_options')
  if (options === undefined || options === null) return withOptions(body, options === null)
  if (typeof options !== 'object' || Array.isArray(options) || Object.hasOwn(options, 'include_usage')) return null
  const member = [...members(body)].findLast(({ key }) => key === 'stream_options')
  if (!member) return null
  const separator = Object.keys(options).length > 0 ? ',' : ''
  // What was parsed is numbers and strings of JavaScript's: written again, some would not be the same.
  return splice(body, member.start + 1, member.start + 1, asked + separator)
}

function withOptions(body: Buffer, hasNull: boolean): Buffer | null {
  const options = `{${asked}}`
  const all = [...members(body)]
  const member = hasNull ? all.findLast(({ key }) => key === 'stream_options') : undefined
  if (hasNull) return member ? splice(body, member.start, member.end, options) : null
  const last = all.at(-1)
  return last ? splice(body, last.end, last.end, `,"stream_options":${options}`) : null
}

function splice(body: Buffer, start: number, end: number, text: string): Buffer {
  return Buffer.concat([body.subarray(0, start), Buffer.from(text), body.subarray(end)])
}
