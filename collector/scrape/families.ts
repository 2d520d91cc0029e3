/** A metrics page as families of samples, and how the lines of a page become one. */
import { LineError, type Series } from './sample-line.ts'

export const familyTypes = [
  'counter',
  'gauge',
  'histogram',
  'summary',
  'untyped',
  'info',
  'stateset',
  'gaugehistogram',
] as const
export type FamilyType = (typeof familyTypes)[number]

export interface Sample {
  readonly series: Series
  readonly value: number
}

export interface Family {
  /** A counter is named as its samples are, whether or not its TYPE line drops `_total`. */
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly samples: readonly Sample[]
}

export type Families = ReadonlyMap<string, Family>

export interface PageError {
  /** From 1. */
  line: number
  message: string
}

export interface Page {
  /** The same for pages that differ in their values alone. */
  families: Families
  /** Samples in `families`. */
  samples: number
  /** `_created` times beside a counter or histogram: read and dropped, they nearly double a page. */
  created: number
  /** Sample lines beyond `maxSeries` or longer than a series may be. */
  refused: number
  /** Lines of a series that stood on the page before: the first one counts. */
  duplicates: number
  /** Lines that are no sample and no comment. */
  unreadable: number
  /** What is wrong with the page: the first few. */
  errors: PageError[]
}

/**
 * The family called `name`, whether or not the page writes its `_total`: client libraries differ, and so do versions.
 * One with samples is preferred to one that is only declared.
 */
export function familyNamed(families: Families, name: string): Family | undefined {
  const exact = families.get(name)
  if (exact && exact.samples.length > 0) return exact
  const other = families.get(name.endsWith('_total') ? name.slice(0, -6) : `${name}_total`)
  return other && (!exact || other.samples.length > 0) ? other : exact
}

/** The samples of one name, such as `x_bucket`. */
export interface Named {
  name: string
  samples: Sample[]
}

const maxErrors = 10

/** What one page declares and gets wrong, until its families are put together. */
export class Draft {
  readonly #types = new Map<string, FamilyType>()
  readonly #helps = new Map<string, string>()
  readonly #errors: PageError[] = []
  #unreadable = 0
  refused = 0
  duplicates = 0

  help(name: string, text: string): void {
    this.#helps.set(name, text)
  }

  declare(name: string, type: FamilyType, line: number): void {
    const before = this.#types.get(name)
    // Merged pages repeat TYPE lines; only a contradiction is worth saying.
    if (before === undefined) this.#types.set(name, type)
    else if (before !== type)
      this.#note(line, `${name} is declared as ${before} and again as ${type}; the first is used`)
  }

  /** Counts a line that can't be read. Throws again what is not a LineError. */
  unreadable(line: number, error: unknown): void {
    if (!(error instanceof LineError)) throw error
    this.#unreadable++
    this.#note(line, error.message)
  }

  #note(line: number, message: string): void {
    if (this.#errors.length < maxErrors) this.#errors.push({ line, message })
  }

  finish(names: readonly Named[]): Page {
    const present = new Set(names.map(({ name }) => name))
    for (const { name, samples } of names)
      if (name.endsWith('_bucket') && !this.#types.has(name.slice(0, -7)) && samples[0]?.series.labels.has('le'))
        this.#types.set(name.slice(0, -7), 'histogram')
    const families = new Map<string, Family>()
    let created = 0
    let kept = 0
    for (const { name, samples } of names) {
      if (this.#isCreated(name, present)) {
        created += samples.length
        continue
      }
      kept += samples.length
      const declared = this.#declaredName(name)
      // OpenMetrics says "# TYPE x counter" over x_total: named as the samples are, so both formats look alike.
      const type = this.#types.get(declared) ?? 'untyped'
      const family = type === 'counter' ? name : declared
      const before = families.get(family)
      families.set(family, {
        name: family,
        type,
        help: this.#helps.get(declared) ?? '',
        samples: before ? [...before.samples, ...samples] : samples,
      })
    }
    for (const [name, type] of this.#types)
      if (!families.has(name) && !families.has(`${name}_total`))
        families.set(name, { name, type, help: this.#helps.get(name) ?? '', samples: [] })
    return {
      families,
      samples: kept,
      created,
      refused: this.refused,
      duplicates: this.duplicates,
      unreadable: this.#unreadable,
      errors: this.#errors,
    }
  }

  /** The name under which a sample's family was declared; its own when it was not. */
  #declaredName(name: string): string {
    if (this.#types.has(name)) return name
    const match = /^(.+)(_bucket|_sum|_count|_total|_info|_gsum|_gcount)$/.exec(name)
    const type = this.#types.get(match?.[1] ?? '')
    return match?.[1] && type && suffixes[type]?.includes(match[2] ?? '') ? match[1] : name
  }

  /** `x_created` is bookkeeping beside `x` or `x_total`, and a gauge of its own otherwise (kube_pod_created). */
  #isCreated(name: string, present: ReadonlySet<string>): boolean {
    if (!name.endsWith('_created')) return false
    const base = name.slice(0, -8)
    const type = this.#types.get(base) ?? this.#types.get(`${base}_total`)
    return present.has(`${base}_total`) || type === 'counter' || type === 'histogram' || type === 'summary'
  }
}

const suffixes: { [T in FamilyType]?: string[] } = {
  counter: ['_total'],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  info: ['_info'],
}
