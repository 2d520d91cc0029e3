/** Templates of Prometheus's rules as ours: what we have no word for is told. Pure. */

export interface Translated {
  /** Null when it can't be said in ours: it branches, loops, asks or computes. */
  text: string | null
  /** What reads differently, or is not there. */
  notes: string[]
}

const action = /(\s*)\{\{(-?)\s*(.*?)\s*(-?)\}\}(\s*)/gs

/** Throws nothing: a broken template is a note. */
export function translateTemplate(template: string): Translated {
  const notes: string[] = []
  let failed = false
  const text = template.replace(
    action,
    (_, before: string, left: string, inner: string, right: string, after: string) => {
      const start = left ? '' : before
      const end = right ? '' : after
      if (inner.startsWith('/*')) return start + end
      const translated = translateAction(inner, notes)
      if (translated === null) failed = true
      return start + (translated ?? '') + end
    },
  )
  return { text: failed ? null : text, notes }
}

function translateAction(inner: string, notes: string[]): string | null {
  const cannot = (why: string) => {
    notes.push(`{{ ${inner} }} ${why}`)
    return null
  }
  if (/^(if|else|end|range|with|define|template|block)\b/.test(inner))
    return cannot('branches or loops: there is no such thing')
  if (/:=|\bquery\b/.test(inner)) return cannot('asks or computes: put it into the SQL')
  const [first = '', ...functions] = splitPipe(inner)
  const printf = /^printf\s+("(?:[^"\\]|\\.)*")(?:\s+(.+))?$/.exec(first)
  if (printf && functions.length === 0)
    return formatted(printf[1] ?? '', printf[2], notes) ?? cannot('has no counterpart')
  const direct = readSource(first)
  const called = direct === null ? /^([A-Za-z]\w*)\s+([$.(].+)$/.exec(first) : null
  const source = direct ?? readSource(called?.[2] ?? '')
  if (source === null) return cannot('is neither a label nor the value')
  if (called) functions.unshift(called[1] ?? '')
  const piped = /^printf\s+("(?:[^"\\]|\\.)*")$/.exec(functions[0] ?? '')
  if (piped && functions.length === 1) return formatted(piped[1] ?? '', source, notes) ?? cannot('has no counterpart')
  let [expression, suffix] = [source, '']
  for (const name of functions) {
    const known = Object.hasOwn(filters, name) ? filters[name] : undefined
    if (known?.filter !== undefined) expression = `${source} | ${known.filter}`
    suffix = known?.suffix ?? ''
    const note = known ? known.note : 'is not known: left out'
    if (note !== '') notes.push(`${name} ${note}`)
  }
  return `{{ ${expression} }}${suffix}`
}

/** At `|` outside of quotes. */
function splitPipe(inner: string): string[] {
  return (inner.match(/(?:"(?:[^"\\]|\\.)*"|[^|"])+/g) ?? []).map((part) => part.trim())
}

/** `labels.x`, `labels["x"]` or `value`. */
function readSource(text: string): string | null {
  const source = text.replace(/^\((.*)\)$/, '$1').trim()
  if (/^(\$value|\.Value)$/.test(source)) return 'value'
  const dotted = /^(?:\$labels|\.Labels)\.([A-Za-z_]\w*)$/.exec(source)
  if (dotted) return `labels.${dotted[1]}`
  const indexed = /^index\s+(?:\$labels|\.Labels)\s+"([^"\\]+)"$/.exec(source)
  return indexed ? `labels["${indexed[1]}"]` : null
}

interface Filter {
  filter?: string
  suffix?: string
  /** Empty when it reads the same. */
  note: string
}

const filters: Readonly<Record<string, Filter>> = {
  humanize: { filter: 'number', note: 'became number: thousands have separators instead of a k' },
  humanize1024: { filter: 'number', note: 'became number: there is no Ki' },
  humanizePercentage: { filter: 'percent', note: '' },
  humanizeDuration: {
    filter: 'number',
    suffix: ' s',
    note: 'became a number of seconds: our filter duration reads milliseconds',
  },
  toUpper: { note: 'is left out' },
  toLower: { note: 'is left out' },
  title: { note: 'is left out' },
  stripPort: { note: 'is left out' },
  safeHtml: { note: '' },
}

/** `"%.2f%%"` of one argument: the text around the verb, and the argument in its place. */
function formatted(quoted: string, argument: string | undefined, notes: string[]): string | null {
  const format = quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1')
  const parts = format.split(/(%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%])/)
  const verbs = parts.filter((part) => /^%.*[a-zA-Z]$/.test(part))
  const source =
    argument === undefined || argument === 'value' || argument.startsWith('labels') ? argument : readSource(argument)
  if (verbs.length !== 1 || source === undefined || source === null) return null
  const isNumber = /[defgEG]$/.test(verbs[0] ?? '')
  if (isNumber) notes.push(`printf ${quoted} became number: three significant digits`)
  return parts
    .map((part) => (part === verbs[0] ? `{{ ${source}${isNumber ? ' | number' : ''} }}` : part.replace(/^%.*%$/, '%')))
    .join('')
}
