/** Patterns of the configuration: compiled, and refused when a hostile text could make them slow. */
import { createContext, Script } from 'node:vm'

export interface Pattern {
  name: string
  regex: RegExp
}

/** Throws SyntaxError. With the `v` flag, or with `u` when it is only written for that: never in the lax old syntax. */
export function compilePattern({ name, regex }: { name: string; regex: string }): Pattern {
  try {
    return { name, regex: new RegExp(regex, 'gv') }
  } catch {
    return { name, regex: new RegExp(regex, 'gu') }
  }
}

/** Text with what the patterns match replaced by `[name]`. */
export function withoutPatterns(text: string, patterns: readonly Pattern[]): string {
  let redacted = text
  for (const { name, regex } of patterns)
    redacted = redacted.replace(regex, (match) => (match === '' ? '' : `[${name}]`))
  return redacted
}

/** What the built-in patterns leave behind. */
const builtInMarks = ['email', 'phone', 'card', 'iban', 'ip', 'key', 'jwt', 'password', 'private key']

/** Why a pattern cannot be used, or null. Takes a second for one that is too slow, milliseconds for any other. */
export function patternProblem(source: { name: string; regex: string }, names: readonly string[] = []): string | null {
  let pattern: Pattern
  try {
    pattern = compilePattern(source)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  for (const mark of [source.name, ...names, ...builtInMarks])
    if (withoutPatterns(`[${mark}]`, [pattern]) !== `[${mark}]`)
      return `matches "[${mark}]", which stands for what was redacted: make it narrower`
  if (''.replace(pattern.regex, 'x') === 'x') return 'matches the empty text: make it ask for at least one character'
  const slow = slowText(pattern)
  return slow === null
    ? null
    : `takes time that grows faster than the text, such as ${JSON.stringify(slow)} repeated: begin it with \\b, or bound its repeats, as {1,20} for +`
}

/** Longest content that is looked through without a bound of its own; time that grows with the square shows well before it. */
const attackLength = 40_000
const limitMs = 100
/** A busy machine may be slow too, but not each time. */
const tries = 3

/** The shortest repeated text found that keeps a pattern busy beyond the limit, or null. */
function slowText({ regex }: Pattern): string | null {
  const script = new Script('text.replace(regex, "")')
  const context = createContext({ regex, text: '' })
  const runs = () => {
    try {
      script.runInContext(context, { timeout: limitMs })
      return true
    } catch {
      return false
    }
  }
  for (const { head, unit, tail } of attacks(regex)) {
    context['text'] = head + unit.repeat(Math.ceil(attackLength / unit.length)) + tail
    if (!Array.from({ length: tries }).some(runs)) return unit
  }
  return null
}

interface Attack {
  head: string
  unit: string
  tail: string
}

/** Texts that almost match: each atom of the pattern, and neighbours together, over and over after what leads to them. */
function attacks(regex: RegExp): Attack[] {
  const examples = atomsOf(regex).slice(0, 32)
  const whole = examples.join('')
  const units = new Set(examples)
  for (let i = 1; i < examples.length; i++)
    units.add(`${examples[i - 1]}${examples[i]}`).add(examples.slice(0, i + 1).join(''))
  units.add(`${whole} `)
  const found: Attack[] = []
  for (const unit of units) {
    const at = whole.indexOf(unit)
    // Behind a character that nothing begins with, and behind what leads to the unit.
    for (const head of at > 0 ? ['\u0000', whole.slice(0, at)] : ['\u0000', ''])
      for (const tail of ['\u0000', '']) found.push({ head, unit, tail })
  }
  return found
}

const candidates = [
  'a',
  'A',
  '0',
  '1',
  ' ',
  '-',
  '_',
  '.',
  '@',
  '/',
  ':',
  '\n',
  'é',
  '中',
  '"',
  '#',
  'z',
  'Z',
  '9',
  '😀',
]

/** What each atom of a pattern matches, in order and as often as it asks for: literals, escapes and classes. */
function atomsOf({ source, flags }: RegExp): string[] {
  return [...source.matchAll(atom)].flatMap(([, text = '', least = '1']) => {
    const one = exampleOf(text, flags.replace('g', ''))
    return one === undefined ? [] : [one.repeat(Math.min(Number(least), 32))]
  })
}

/** With the least that a counted repeat asks for; counts of whole groups are skipped. */
const atom =
  /\{\d+(?:,\d*)?\}|(\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[^]|\[(?:\\[^]|[^\\\]])*\]|[^\\[\](){}|*+?^$])(?:\{(\d+)(?:,\d*)?\})?/gu

function exampleOf(atom: string, flags: string): string | undefined {
  if (atom === '') return undefined
  if (atom !== '.' && !/^[\\[]/.test(atom)) return atom
  try {
    const one = new RegExp(`^(?:${atom})$`, flags)
    return [...candidates, ...printable].find((candidate) => one.test(candidate))
  } catch {
    return undefined
  }
}

const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
