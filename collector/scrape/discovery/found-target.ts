/** From what was found to a target: the special labels become its address and settings, the others its labels. */
import type { TargetConfig } from '../target-config.ts'
import type { CommonProvider } from './config.ts'
import type { LabelSet } from './relabel.ts'

/** Where targets of the configuration come from. */
export const staticSource = 'static'

/** A target and where it comes from: `static`, or the name of a provider. */
export type SourcedTarget = TargetConfig & { source: string }

/** What rules see: the labels found, and the provider's settings where they say nothing. */
export function withDefaults(found: LabelSet, { scheme, metrics_path, target }: CommonProvider): LabelSet {
  return {
    ...target.labels,
    __scheme__: scheme,
    __metrics_path__: metrics_path,
    ...(target.endpoint !== undefined && { __endpoint__: target.endpoint }),
    ...(target.kind !== undefined && { __kind__: target.kind }),
    ...found,
  }
}

/** The target of labels that went through the rules, or why there is none. */
export function targetOf(
  labels: LabelSet,
  { target }: CommonProvider,
  source: string,
): { target: SourcedTarget } | { dropped: string } {
  const url = urlOf(labels)
  if (typeof url !== 'string') return url
  const { __endpoint__: endpoint, __kind__: kind } = labels
  const shown = Object.entries(labels).filter(([name]) => !name.startsWith('__'))
  return { target: { ...target, url, endpoint, kind, labels: Object.fromEntries(shown), source } }
}

function urlOf(labels: LabelSet): string | { dropped: string } {
  const { __address__: address = '', __scheme__: scheme = '', __metrics_path__: path = '' } = labels
  if (address === '') return { dropped: 'it has no __address__' }
  if (scheme !== 'http' && scheme !== 'https')
    return { dropped: `__scheme__ is ${JSON.stringify(scheme)}, expected http or https` }
  const text = `${scheme}://${address}`
  if (/[/@?#\\\s]/.test(address) || !URL.canParse(text))
    return { dropped: `__address__ is ${JSON.stringify(address)}, expected host:port` }
  const url = new URL(text)
  url.pathname = path
  for (const [name, value] of Object.entries(labels))
    if (name.startsWith('__param_')) url.searchParams.append(name.slice('__param_'.length), value)
  return url.href
}
