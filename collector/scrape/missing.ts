/** What a page should have and does not: which column stays null, why, and what to change. */
import type { MissingMeasure } from '../../records/server-sample.ts'
import type { Families } from './families.ts'
import type { GpuHint } from './gpu-hints.ts'
import { samplesNamed } from './select.ts'
import { measuresOf, selectorsOf, type Hint, type InferenceServer, type MeasureField } from './server.ts'

const unexplained: Hint = {
  reason: 'not on the page',
  fix: 'if it has another name there, write the kind and that name in scrape.targets[].kind and mapping',
}

/** Remembers what it said: a target misses the same on every page. */
export class MissingReport {
  #key = ''
  #found: MissingMeasure[] = []

  /** Of a page that no server recognises: which one it would be if that said more. The same array for the same hints. */
  ofSilent(servers: readonly InferenceServer[], families: Families): MissingMeasure[] {
    const silent = servers.filter((server) => server.silent?.when(families))
    const key = JSON.stringify(silent.map(({ name }) => name))
    if (key !== this.#key) {
      this.#key = key
      this.#found = silent.map((server) => ({
        measure: '',
        names: server.measures.running ? selectorsOf(server.measures.running).map(({ name }) => name) : [],
        reason: server.silent?.reason ?? '',
        fix: server.silent?.fix ?? '',
      }))
    }
    return this.#found
  }

  /** The same array for as long as nothing changes. */
  of(servers: readonly InferenceServer[], gpus: readonly GpuHint[], families: Families): MissingMeasure[] {
    const absent = servers.map((server) => [server, absentMeasures(server, families)] as const)
    const names = absent.map(([{ name }, fields]) => [name, fields])
    const key = JSON.stringify([families.size, names, gpus.map(({ measure }) => measure)])
    if (key !== this.#key) {
      this.#key = key
      this.#found = [
        ...gpus.map(({ measure, names, reason, fix }) => ({ measure, names: [...names], reason, fix })),
        ...absent.flatMap(([server, fields]) => fields.map((field) => explain(server, field, families))),
      ]
    }
    return this.#found
  }
}

/** Measures that a page of this server should have, or that it never has and there is a word to say about. */
function absentMeasures(server: InferenceServer, families: Families): MeasureField[] {
  const never = (Object.keys(server.hints ?? {}) as MeasureField[]).filter((field) => !server.measures[field])
  const absent = measuresOf(server)
    .filter(([field]) => !server.optional?.includes(field))
    .filter(([, measure]) => selectorsOf(measure).every(({ name }) => samplesNamed(families, name) === undefined))
  return [...absent.map(([field]) => field), ...never]
}

function explain(server: InferenceServer, field: MeasureField, families: Families): MissingMeasure {
  const measure = server.measures[field]
  const names = [...new Set(measure ? selectorsOf(measure).map(({ name }) => name) : [])]
  const hint = server.hints?.[field]?.find(({ when }) => !when || when(families)) ?? server.otherwise ?? unexplained
  const similar = similarName(names, server, families)
  if (similar === null) return { measure: field, names, reason: hint.reason, fix: hint.fix }
  return {
    measure: field,
    names,
    reason: `${hint.reason}; the page has ${similar}`,
    fix: `${hint.fix === '' ? '' : `${hint.fix}; `}if ${similar} is the same, write kind: ${server.name} and mapping: { ${field}: "${similar}" } at the target`,
  }
}

/** A family that no measure reads, of nearly the same words: what a rename looks like. */
function similarName(names: readonly string[], server: InferenceServer, families: Families): string | null {
  const read = new Set(measuresOf(server).flatMap(([, measure]) => selectorsOf(measure).map(({ name }) => name)))
  let best: { name: string; likeness: number } | null = null
  for (const { name, samples } of families.values()) {
    if (read.has(name) || samples.length === 0) continue
    const likeness = Math.max(0, ...names.map((wanted) => wordsInCommon(name, wanted)))
    if (likeness >= 0.7 && likeness > (best?.likeness ?? 0)) best = { name, likeness }
  }
  return best?.name ?? null
}

const units = new Set(['total', 'seconds', 'sum', 'count', 'ms', 'us', ''])

/** Words that two names share, of all that they have, 0–1. */
function wordsInCommon(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => new Set(name.split(/[^a-zA-Z0-9]+/).filter((word) => !units.has(word))))
  if (!left || !right) return 0
  const all = new Set([...left, ...right])
  return [...left].filter((word) => right.has(word)).length / Math.max(all.size, 1)
}
