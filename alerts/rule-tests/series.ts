/** promtool's notation of series: `vllm:num_requests_waiting{instance="a"}` and `0 2x3 1+1x5 _x3 stale`. Pure. */
import type { Labels } from '../labels.ts'

export interface Series {
  name: string
  labels: Labels
}

/** More values than this are a slip of the pen. */
const mostValues = 100_000

/** The message says what was found and what was expected. */
export class NotationError extends Error {
  override name = 'NotationError'
}

/** Throws NotationError. */
export function parseSeries(text: string): Series {
  const match = /^\s*([A-Za-z_:][\w:]*)?\s*(?:\{(.*)\})?\s*$/s.exec(text)
  const labels = match ? parseLabels(match[2] ?? '') : {}
  const { __name__: named, ...rest } = labels
  const name = match?.[1] ?? named
  if (name === undefined)
    throw new NotationError(`expected a series such as up{instance="a"}; found ${JSON.stringify(text)}`)
  return { name, labels: rest }
}

function parseLabels(text: string): Labels {
  const labels: Labels = {}
  const pair = /\s*([A-Za-z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(?:,|$)/gy
  let end = 0
  for (const match of text.matchAll(pair)) {
    labels[match[1] ?? ''] = unquoted(match[2] ?? '')
    end = match.index + match[0].length
  }
  if (text.slice(end).trim() !== '')
    throw new NotationError(`expected labels such as instance="a", model="b"; found ${JSON.stringify(text.slice(end))}`)
  return labels
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter)
}

const number = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`
const valuesPattern = new RegExp(`^(${number})(?:([-+])(${number.replace('[-+]?', '')}))?(?:x(\\d+))?$`)

/**
 * One value per interval; null where there is no sample. `axn` is a and n more of it, `a+bxn` and `a-bxn` step from it, `_` and
 * `_xn` leave out, `stale` ends. Throws NotationError.
 */
export function parseValues(text: string): (number | null)[] {
  const values: (number | null)[] = []
  for (const item of text.trim().split(/\s+/).filter(Boolean)) {
    const gap = /^_(?:x(\d+))?$/.exec(item)
    if (gap) push(values, Number(gap[1] ?? 1), () => null)
    else if (item === 'stale') values.push(null)
    else pushNumbers(values, item)
  }
  return values
}

function pushNumbers(values: (number | null)[], item: string): void {
  const [, first, sign, step, times] = valuesPattern.exec(item) ?? []
  if (first === undefined || (sign !== undefined && times === undefined))
    throw new NotationError(`expected values such as 0 2x3 1+1x5 _x3 stale; found ${JSON.stringify(item)}`)
  const by = Number(`${sign ?? ''}${step ?? 0}`)
  push(values, Number(times ?? 0) + 1, (index) => Number(first) + index * by)
}

function push(values: (number | null)[], count: number, value: (index: number) => number | null): void {
  if (values.length + count > mostValues) throw new NotationError(`expected at most ${mostValues} values`)
  for (let index = 0; index < count; index++) values.push(value(index))
}
