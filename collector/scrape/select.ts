/** Finds the series of a server's measures on a page, and which model each belongs to. */
import { familyNamed, type Families, type Sample } from './families.ts'
import { measuresOf, selectorsOf, type InferenceServer, type Selector, type Where } from './server.ts'

export interface Selection {
  /** Models on the page; one without a name when the page names none. */
  models: readonly string[]
  /** A selector is absent when the page does not even declare its family. */
  found: ReadonlyMap<Selector, Found>
  /** Every sample that was found as more than a part of a histogram. */
  used: ReadonlySet<Sample>
}

export interface Found {
  /** The samples of each model. */
  samples: ReadonlyMap<string, readonly Sample[]>
  /** Models that have series of the name, whatever their labels. */
  models: ReadonlySet<string>
}

/**
 * A series without a model belongs to the page's only one. Where there are several nobody can tell whose it is, so it is
 * not found. Models for which `except` holds are left out.
 */
export function select(
  server: InferenceServer,
  families: Families,
  except: (model: string) => boolean = () => false,
): Selection {
  const drafts = new Map<Selector, { all: Map<string, Sample[]>; matching: Map<string, Sample[]> }>()
  const byName = new Map<string, Map<string, Sample[]>>()
  const models = new Set<string>()
  for (const [, measure] of measuresOf(server))
    for (const selector of selectorsOf(measure)) {
      const samples = samplesNamed(families, selector.name)
      if (!samples) continue
      const { where } = selector
      let all = byName.get(selector.name)
      if (!all) byName.set(selector.name, (all = groupByModel(samples, server.modelLabels)))
      const matching = where
        ? groupByModel(
            samples.filter(({ series }) => fits(series.labels, where)),
            server.modelLabels,
          )
        : new Map(all)
      drafts.set(selector, { all, matching })
      for (const model of all.keys()) models.add(model)
    }
  if (models.size > 1) models.delete('')
  const [only = ''] = models
  const found = new Map<Selector, Found>()
  for (const [selector, { all, matching }] of drafts) {
    const named = new Set([...all.keys()].map((model) => model || (models.size > 1 ? '' : only)))
    // A name whose other series say their model has no more to say of it: a sum over them, or requests for none.
    assignUnnamed(matching, models.size > 1 || named.size < all.size ? null : only)
    for (const model of matching.keys()) if (except(model)) matching.delete(model)
    found.set(selector, { samples: matching, models: named })
  }
  return { models: [...models].filter((model) => !except(model)), found, used: usedOf(found, families) }
}

/** A sum or number alone says less than its histogram, whose buckets would be left without it. */
function usedOf(found: Selection['found'], families: Families): Set<Sample> {
  const used = new Set<Sample>()
  for (const [{ name }, one] of found)
    if (familyNamed(families, name))
      for (const samples of one.samples.values()) for (const sample of samples) used.add(sample)
  return used
}

/** The samples of a name as selectors write it; empty when its family is only declared, undefined when there is none. */
export function samplesNamed(families: Families, name: string): readonly Sample[] | undefined {
  const family = familyNamed(families, name)
  if (family && family.samples.length > 0) return family.samples
  const whole = families.get(/^(.+)_(?:sum|count)$/.exec(name)?.[1] ?? '')
  if (whole?.type === 'histogram' || whole?.type === 'summary')
    return whole.samples.filter(({ series }) => series.name === name)
  return family?.samples
}

function fits(labels: ReadonlyMap<string, string>, where: Where): boolean {
  return Object.entries(where).every(([label, wanted]) => {
    const value = labels.get(label) ?? ''
    return typeof wanted === 'string' ? value === wanted : wanted.test(value)
  })
}

function groupByModel(samples: readonly Sample[], modelLabels: readonly string[]): Map<string, Sample[]> {
  const result = new Map<string, Sample[]>()
  for (const sample of samples) {
    const model = modelOf(sample, modelLabels)
    const others = result.get(model)
    if (others) others.push(sample)
    else result.set(model, [sample])
  }
  return result
}

function modelOf({ series }: Sample, modelLabels: readonly string[]): string {
  for (const label of modelLabels) {
    const value = series.labels.get(label)
    // Python writes its null as a word.
    if (value && value !== 'None') return value
  }
  return ''
}

function assignUnnamed(byModel: Map<string, Sample[]>, model: string | null): void {
  const unnamed = byModel.get('')
  if (!unnamed || model === '') return
  byModel.delete('')
  if (model !== null) byModel.set(model, unnamed)
}
