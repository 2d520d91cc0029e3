/** Which column of a file fills which field of a request. */
import { targetOf, targets, type Target } from './columns.ts'
import { ImportError } from './error.ts'
import type { ExportFormat } from './formats/format.ts'

export interface MappingOptions {
  /** Field → column of the file. Empty: columns named like fields fill them. */
  map: Readonly<Record<string, string>>
  /** Field → value for every row. */
  set: Readonly<Record<string, string>>
}

/** Reads `a=b,c=d` as typed on the command line, once or several times. Throws ImportError. */
export function parsePairs(texts: readonly string[], option: string): Record<string, string> {
  const pairs = texts.flatMap((text) => text.split(',')).filter((pair) => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new ImportError(`${option}: "${pair}" is not field=value`)
      return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
    }),
  )
}

export class Mapping {
  /** Values that every row has, in a fixed order. */
  readonly fixed: readonly (readonly [Target, string])[]
  private readonly bySource = new Map<string, Target[]>()
  private readonly selfNamed: boolean

  /** Throws ImportError on fields that do not exist. */
  constructor({ map, set }: MappingOptions) {
    const known = (name: string, option: string): Target => {
      const target = targetOf(name)
      if (!target) throw new ImportError(`${option}: no field "${name}"; there are ${targets.join(', ')}`)
      return target
    }
    this.fixed = Object.entries(set)
      .map(([name, value]) => [known(name, '--set'), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, source] of Object.entries(map)) {
      const target = known(name, '--map')
      if (this.fixed.some(([other]) => other === target))
        throw new ImportError(`${name} is both mapped and set; give one of the two`)
      this.bySource.set(source, [...(this.bySource.get(source) ?? []), target])
    }
    this.selfNamed = this.bySource.size === 0
  }

  /** The fields that a column fills; none: it becomes an attribute. */
  targetsOf(column: string): readonly Target[] {
    if (!this.selfNamed) return this.bySource.get(column) ?? []
    const target = targetOf(column)
    return target && !this.fixed.some(([name]) => name === target) ? [target] : []
  }

  /** Whether something gives the time. */
  isTimed(columns: readonly string[]): boolean {
    return (
      columns.some((column) => this.targetsOf(column).includes('timestamp')) ||
      this.fixed.some(([target]) => target === 'timestamp')
    )
  }

  /** The time that every row has. */
  get fixedTime(): string | undefined {
    return this.fixed.find(([target]) => target === 'timestamp')?.[1]
  }

  /** Throws ImportError when a mapped column is not in the file or nothing gives the time. */
  check(file: string, columns: readonly string[]): void {
    const missing = [...this.bySource.keys()].find((source) => !columns.includes(source))
    if (missing !== undefined)
      throw new ImportError(`--map: ${file} has no column "${missing}"; it has ${listed(columns)}`)
    if (this.isTimed(columns)) return
    const hint = `add --map timestamp=<column>, one of ${listed(columns)}`
    throw new ImportError(`${file}: nothing gives the time; ${hint}`)
  }

  /** Throws ImportError when the file is none of the format, or columns are mapped that the format reads by itself. */
  checkExport(file: string, columns: readonly string[], format: ExportFormat): void {
    if (!this.selfNamed) throw new ImportError(`--map: columns of ${format.name} exports are known; leave it out`)
    const timeless = format.kind === 'requests' ? format.timeless : undefined
    const own = new Set(timeless === undefined ? ['timestamp', 'trace_id', 'span_id'] : ['trace_id', 'span_id'])
    const fixed = this.fixed.find(([target]) => own.has(target))
    if (fixed) throw new ImportError(`--set: ${fixed[0]} comes from the ${format.name} export; leave it out`)
    const fits =
      format.kind === 'requests' && format.time.length > 0
        ? format.time.some((name) => columns.includes(name))
        : format.matches(new Set(columns))
    if (!fits) throw new ImportError(`${file}: not an export of ${format.name}; its columns are ${listed(columns)}`)
    if (timeless !== undefined && this.fixedTime === undefined)
      throw new ImportError(
        `${file}: results say no time; add --format ${format.name} --set timestamp=<${timeless}>, such as 2026-11-01T06:00:00Z`,
      )
  }
}

const listed = (columns: readonly string[]) => columns.map((name) => `"${name}"`).join(', ')
