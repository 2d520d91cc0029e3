/**
 * Regular expressions as relabelling rules have them: RE2's syntax and its choice among matches, always of a whole text, with `.`
 * matching line ends too. Time grows with the length of the text only, so no label can hold the scraper up.
 */

/** A pattern that RE2 does not take either: the message says what is wrong and where. */
export class RegexError extends Error {
  override name = 'RegexError'
}

export interface Regex {
  /** The whole text and its groups, or null; a group that took no part is undefined. */
  match(text: string): readonly (string | undefined)[] | null
  /** Named groups and their numbers. */
  names: ReadonlyMap<string, number>
}

/** Throws RegexError. */
export function compileRegex(source: string): Regex {
  const parser = new Parser(source)
  const tree = parser.parse()
  const program: Instruction[] = []
  emit(program, tree)
  program.push({ op: 'match' })
  const known = new Map<string, (string | undefined)[] | null>()
  return {
    names: parser.names,
    match(text) {
      let groups = known.get(text)
      if (groups !== undefined) return groups
      groups = run(program, Array.from(text), parser.groups)
      // Names of labels, and most of their values, come again with every target.
      if (known.size >= maxKnown) known.clear()
      if (text.length <= maxKnownLength) known.set(text, groups)
      return groups
    },
  }
}

const maxKnown = 2_000
const maxKnownLength = 200

type Test = (point: number) => boolean
/** Holds between two characters; undefined is before the first and after the last. */
type Holds = (before: number | undefined, after: number | undefined) => boolean

type Node =
  | { type: 'char'; test: Test }
  | { type: 'assert'; holds: Holds }
  | { type: 'all'; nodes: Node[] }
  | { type: 'any'; nodes: Node[] }
  | { type: 'group'; number: number; node: Node }
  | { type: 'repeat'; node: Node; least: number; most: number; lazy: boolean }

type Instruction =
  | { op: 'char'; test: Test }
  | { op: 'assert'; holds: Holds }
  | { op: 'save'; slot: number }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'match' }

const maxRepeat = 1000
const maxInstructions = 5000

interface Flags {
  i: boolean
  m: boolean
  s: boolean
  U: boolean
}

class Parser {
  readonly names = new Map<string, number>()
  groups = 0
  readonly #points: string[]
  #at = 0
  #flags: Flags = { i: false, m: false, s: true, U: false }

  constructor(source: string) {
    this.#points = Array.from(source)
  }

  parse(): Node {
    const node = this.#alternatives()
    if (this.#at < this.#points.length) throw this.#error('a ) without its (')
    return node
  }

  #alternatives(): Node {
    const before = this.#flags
    const nodes = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    this.#flags = before
    return nodes.length === 1 && nodes[0] ? nodes[0] : { type: 'any', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#points.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atoms = this.#atoms()
      const last = atoms.pop()
      nodes.push(...atoms)
      if (last) nodes.push(this.#repeated(last))
    }
    return { type: 'all', nodes }
  }

  /** One, but for \Q…\E, which is many, and for flags, which are none. */
  #atoms(): Node[] {
    const point = this.#next()
    if (point === '(') return this.#group()
    if (point === '[') return [this.#char(this.#classTest())]
    if (point === '.') return [this.#char(this.#flags.s ? () => true : (code) => code !== newline)]
    if (point === '^') return [{ type: 'assert', holds: this.#flags.m ? lineStart : textStart }]
    if (point === '$') return [{ type: 'assert', holds: this.#flags.m ? lineEnd : textEnd }]
    if (point === '*' || point === '+' || point === '?') throw this.#error(`nothing before ${point} to repeat`)
    if (point !== '\\') return [this.#literal(point)]
    if (this.#take('Q')) return this.#quoted()
    const holds = assertions[this.#peek() ?? '']
    if (holds) {
      this.#at += 1
      return [{ type: 'assert', holds }]
    }
    return [this.#char(this.#escape())]
  }

  #quoted(): Node[] {
    const nodes: Node[] = []
    while (this.#at < this.#points.length) {
      if (this.#peek() === '\\' && this.#points[this.#at + 1] === 'E') {
        this.#at += 2
        break
      }
      nodes.push(this.#literal(this.#next()))
    }
    return nodes
  }

  #group(): Node[] {
    if (!this.#take('?')) return [this.#captured()]
    const named = /^P?<([A-Za-z0-9_]+)>/.exec(this.#rest(100))
    if (named?.[1] !== undefined) {
      this.#at += named[0].length
      if (this.names.has(named[1])) throw this.#error(`two groups are called ${named[1]}`)
      this.names.set(named[1], this.groups + 1)
      return [this.#captured()]
    }
    const flags = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.#rest(20))
    if (!flags) throw this.#error('look-around, or a group of an unknown kind: RE2 has none')
    this.#at += flags[0].length
    const before = this.#flags
    const change = (letters = '', to: boolean) => Object.fromEntries(Array.from(letters, (letter) => [letter, to]))
    this.#flags = { ...before, ...change(flags[1], true), ...change(flags[2], false) }
    if (flags[3] === ')') return []
    const node = this.#alternatives()
    this.#close()
    this.#flags = before
    return [node]
  }

  #captured(): Node {
    const number = ++this.groups
    const node = this.#alternatives()
    this.#close()
    return { type: 'group', number, node }
  }

  #close(): void {
    if (!this.#take(')')) throw this.#error('a ( without its )')
  }

  #repeated(node: Node): Node {
    const bounds = this.#bounds()
    if (!bounds) return node
    const lazy = this.#take('?') !== this.#flags.U
    if (this.#bounds()) throw this.#error('a repeat of a repeat: put the first into brackets')
    return { type: 'repeat', node, ...bounds, lazy }
  }

  #bounds(): { least: number; most: number } | null {
    if (this.#take('*')) return { least: 0, most: Infinity }
    if (this.#take('+')) return { least: 1, most: Infinity }
    if (this.#take('?')) return { least: 0, most: 1 }
    const counted = /^\{(\d{1,5})(?:(,)(\d{0,5}))?\}/.exec(this.#rest(14))
    if (!counted) return null
    this.#at += counted[0].length
    const least = Number(counted[1])
    const most = counted[2] === undefined ? least : counted[3] ? Number(counted[3]) : Infinity
    if (least > maxRepeat || (most !== Infinity && most > maxRepeat) || least > most)
      throw this.#error(`${counted[0]} is no count of up to ${maxRepeat}`)
    return { least, most }
  }

  #char(test: Test): Node {
    return { type: 'char', test: this.#flags.i ? foldCase(test) : test }
  }

  #literal(point: string): Node {
    const wanted = point.codePointAt(0)
    return this.#char((code) => code === wanted)
  }

  /** After the [. */
  #classTest(): Test {
    const negated = this.#take('^')
    const tests: Test[] = []
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#points.length) throw this.#error('a [ without its ]')
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#rest(16))
      if (posix) {
        const test = posixClasses[posix[2] ?? '']
        if (!test) throw this.#error(`no class is called ${posix[0]}`)
        this.#at += posix[0].length
        tests.push(posix[1] ? not(test) : test)
        continue
      }
      const from = this.#classItem()
      if (typeof from !== 'number') {
        tests.push(from)
        continue
      }
      const isRange = this.#peek() === '-' && this.#points[this.#at + 1] !== ']' && this.#at + 1 < this.#points.length
      if (!isRange) {
        tests.push((code) => code === from)
        continue
      }
      this.#at += 1
      const to = this.#classItem()
      if (typeof to !== 'number' || to < from) throw this.#error('a range whose end is not after its start')
      tests.push((code) => code >= from && code <= to)
    }
    this.#at += 1
    const within: Test = (code) => tests.some((test) => test(code))
    const test = this.#flags.i ? foldCase(within) : within
    return negated ? not(test) : test
  }

  #classItem(): number | Test {
    const point = this.#next()
    if (point !== '\\') return point.codePointAt(0) ?? 0
    return this.#escapedPoint() ?? this.#classEscape()
  }

  #escape(): Test {
    const point = this.#escapedPoint()
    return point === null ? this.#classEscape() : (code) => code === point
  }

  /** After the backslash, when it stands for one character. */
  #escapedPoint(): number | null {
    const point = this.#peek()
    if (point === undefined) throw this.#error('a backslash at the end')
    const control = controls[point]
    if (control !== undefined) {
      this.#at += 1
      return control
    }
    const coded = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(this.#rest(10))
    if (coded) {
      this.#at += coded[0].length
      return coded[3] === undefined ? Number.parseInt(coded[1] ?? coded[2] ?? '', 16) : Number.parseInt(coded[3], 8)
    }
    if (/[0-9]/.test(point)) throw this.#error('a back-reference: RE2 has none')
    if (/[A-Za-z]/.test(point)) return null
    this.#at += 1
    return point.codePointAt(0) ?? 0
  }

  #classEscape(): Test {
    const property = /^([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/.exec(this.#rest(40))
    if (property) {
      this.#at += property[0].length
      const test = this.#property(property[3] ?? property[4] ?? '')
      return (property[1] === 'P') === (property[2] === '^') ? test : not(test)
    }
    const letter = this.#next()
    const test = perlClasses[letter]
    if (!test) throw this.#error(`\\${letter} is nothing that RE2 knows`)
    return test
  }

  #property(name: string): Test {
    for (const written of [name, `Script=${name}`])
      try {
        const regex = new RegExp(`^\\p{${written}}$`, 'u')
        return (code) => regex.test(String.fromCodePoint(code))
      } catch {
        continue
      }
    throw this.#error(`no Unicode class or script is called ${name}`)
  }

  #rest(length: number): string {
    return this.#points.slice(this.#at, this.#at + length).join('')
  }

  #peek(): string | undefined {
    return this.#points[this.#at]
  }

  #next(): string {
    const point = this.#points[this.#at++]
    if (point === undefined) throw this.#error('it ends too early')
    return point
  }

  #take(point: string): boolean {
    if (this.#points[this.#at] !== point) return false
    this.#at += 1
    return true
  }

  #error(what: string): RegexError {
    return new RegexError(`not usable as a regular expression: ${what}, at character ${this.#at}`)
  }
}

const newline = 10
const controls: Record<string, number> = { a: 7, f: 12, t: 9, n: newline, r: 13, v: 11 }

const between = (from: string, to: string): Test => {
  const [low = 0, high = 0] = [from.codePointAt(0), to.codePointAt(0)]
  return (code) => code >= low && code <= high
}
const either =
  (...tests: Test[]): Test =>
  (code) =>
    tests.some((test) => test(code))
const not =
  (test: Test): Test =>
  (code) =>
    !test(code)
const oneOf =
  (characters: string): Test =>
  (code) =>
    characters.includes(String.fromCodePoint(code))

const digit = between('0', '9')
const lower = between('a', 'z')
const upper = between('A', 'Z')
const alpha = either(lower, upper)
const word = either(alpha, digit, oneOf('_'))
const space = oneOf('\t\n\f\r ')
const graph = between('!', '~')

const perlClasses: Record<string, Test> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
}
const posixClasses: Record<string, Test> = {
  alnum: either(alpha, digit),
  alpha,
  ascii: (code) => code < 128,
  blank: oneOf('\t '),
  cntrl: (code) => code < 32 || code === 127,
  digit,
  graph,
  lower,
  print: between(' ', '~'),
  punct: (code) => graph(code) && !alpha(code) && !digit(code),
  space: oneOf('\t\n\v\f\r '),
  upper,
  word,
  xdigit: either(digit, between('a', 'f'), between('A', 'F')),
}

const isWord = (code: number | undefined) => code !== undefined && word(code)
const textStart: Holds = (before) => before === undefined
const textEnd: Holds = (_, after) => after === undefined
const lineStart: Holds = (before) => before === undefined || before === newline
const lineEnd: Holds = (_, after) => after === undefined || after === newline
const assertions: Record<string, Holds> = {
  A: textStart,
  z: textEnd,
  b: (before, after) => isWord(before) !== isWord(after),
  B: (before, after) => isWord(before) === isWord(after),
}

const foldCase =
  (test: Test): Test =>
  (code) => {
    if (test(code)) return true
    const text = String.fromCodePoint(code)
    return [text.toLowerCase(), text.toUpperCase()].some(
      (other) => Array.from(other).length === 1 && test(pointOf(other)),
    )
  }

const pointOf = (text: string) => text.codePointAt(0) ?? 0

function emit(program: Instruction[], node: Node): void {
  if (program.length > maxInstructions)
    throw new RegexError('not usable as a regular expression: its counted repeats make it too large')
  const split = (lazy: boolean) => {
    const at = program.length
    const instruction = { op: 'split' as const, first: at + 1, second: at + 1 }
    program.push(instruction)
    return { at, elsewhere: (to: number) => (lazy ? (instruction.first = to) : (instruction.second = to)) }
  }
  if (node.type === 'char') program.push({ op: 'char', test: node.test })
  else if (node.type === 'assert') program.push({ op: 'assert', holds: node.holds })
  else if (node.type === 'all') for (const part of node.nodes) emit(program, part)
  else if (node.type === 'group') {
    program.push({ op: 'save', slot: node.number * 2 })
    emit(program, node.node)
    program.push({ op: 'save', slot: node.number * 2 + 1 })
  } else if (node.type === 'any') {
    const ends: { op: 'jump'; to: number }[] = []
    for (const [index, part] of node.nodes.entries()) {
      const last = index === node.nodes.length - 1
      const choice = last ? null : split(false)
      emit(program, part)
      if (!last) {
        const end = { op: 'jump' as const, to: 0 }
        program.push(end)
        ends.push(end)
      }
      choice?.elsewhere(program.length)
    }
    for (const end of ends) end.to = program.length
  } else {
    const { least, most, lazy } = node
    for (let count = 0; count < least; count++) emit(program, node.node)
    if (most === Infinity) {
      const { at, elsewhere } = split(lazy)
      emit(program, node.node)
      program.push({ op: 'jump', to: at })
      elsewhere(program.length)
      return
    }
    const skips = []
    for (let count = least; count < most; count++) {
      skips.push(split(lazy))
      emit(program, node.node)
    }
    for (const { elsewhere } of skips) elsewhere(program.length)
  }
}

interface Thread {
  at: number
  /** Start and end of each group, by character; 0 and 1 are unused. */
  slots: readonly (number | undefined)[]
}

/** All threads side by side, one character after the other; the first in order of preference that takes the whole text wins. */
function run(program: readonly Instruction[], text: readonly string[], groups: number): (string | undefined)[] | null {
  const codes = text.map(pointOf)
  let threads: Thread[] = []
  let won: Thread | null = null
  const follow = (list: Thread[], seen: Set<number>, thread: Thread, position: number) => {
    if (seen.has(thread.at)) return
    seen.add(thread.at)
    const instruction = program[thread.at]
    if (!instruction) return
    const { slots } = thread
    if (instruction.op === 'jump') follow(list, seen, { at: instruction.to, slots }, position)
    else if (instruction.op === 'split') {
      follow(list, seen, { at: instruction.first, slots }, position)
      follow(list, seen, { at: instruction.second, slots }, position)
    } else if (instruction.op === 'save')
      follow(list, seen, { at: thread.at + 1, slots: slots.with(instruction.slot, position) }, position)
    else if (instruction.op === 'assert') {
      if (instruction.holds(codes[position - 1], codes[position]))
        follow(list, seen, { at: thread.at + 1, slots }, position)
    } else if (instruction.op === 'char') list.push(thread)
    else if (position === codes.length) won ??= thread
  }
  follow(threads, new Set(), { at: 0, slots: Array.from({ length: groups * 2 + 2 }, () => undefined) }, 0)
  for (const [position, code] of codes.entries()) {
    const next: Thread[] = []
    const seen = new Set<number>()
    for (const { at, slots } of threads) {
      const instruction = program[at]
      if (instruction?.op === 'char' && instruction.test(code)) follow(next, seen, { at: at + 1, slots }, position + 1)
    }
    threads = next
    if (threads.length === 0 && !won) return null
  }
  const slots = (won as Thread | null)?.slots
  if (!slots) return null
  return Array.from({ length: groups + 1 }, (_, group) => {
    if (group === 0) return text.join('')
    const [start, end] = [slots[group * 2], slots[group * 2 + 1]]
    return start === undefined || end === undefined ? undefined : text.slice(start, end).join('')
  })
}
