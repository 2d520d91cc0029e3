/** The request of a call, from the copy of its body: parsed where it is whole, skimmed where it is too large, forms as well. */
import type { IncomingHttpHeaders } from 'node:http'
import { parsed } from '../usage/json.ts'
import type { Copied } from './copy.ts'
import { skim } from './skim.ts'

/** Undefined when it says nothing, or nothing of it is known. */
export function requestOf(copied: Copied, headers: IncomingHttpHeaders): unknown {
  if (copied === null || headers['content-encoding'] !== undefined) return undefined
  const form = headers['content-type']?.startsWith('multipart/form-data') === true
  if ('whole' in copied) return form ? fields(copied.whole) : parsed(copied.whole.toString('utf8'))
  const { head, tail } = copied
  return form ? { ...fields(head), ...fields(tail) } : skim(head, tail)
}

const names = ['model', 'stream', 'prompt', 'user']

/** Fields of a form, which stand beside files. */
function fields(part: Buffer): Record<string, unknown> {
  const text = part.toString('latin1')
  const found: Record<string, unknown> = {}
  for (const name of names) {
    const value = new RegExp(`name="${name}"\\r\\n(?:[^\\r\\n]+\\r\\n)*\\r\\n([^\\r\\n]{1,256})\\r\\n--`).exec(
      text,
    )?.[1]
    if (value !== undefined) found[name] = value === 'true' ? true : Buffer.from(value, 'latin1').toString('utf8')
  }
  return found
}
