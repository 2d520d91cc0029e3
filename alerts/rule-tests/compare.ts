/** Compares what fires with what was expected, as promtool does: whole label sets and annotations, firing alerts alone. Pure. */
import type { Instance } from '../instance.ts'
import { formatLabels, type Labels } from '../labels.ts'
import type { ExpectedAlert } from './test-file.ts'

/** How an instance stands at the moment of the test. */
export type FoundAlert = Pick<Instance, 'state' | 'labels' | 'annotations' | 'value' | 'active_at'>

/** Lines that say what differs, `-` for what was expected and `+` for what is; none when all is as expected. `at` in epoch ms. */
export function differences(expected: readonly ExpectedAlert[], found: readonly FoundAlert[], at: number): string[] {
  const firing = found.filter(({ state }) => state === 'firing')
  const left = new Set(firing)
  const wanting: ExpectedAlert[] = []
  for (const alert of expected) {
    const same = [...left].find((other) => isSame(alert, other))
    if (same) left.delete(same)
    else wanting.push(alert)
  }
  const lines: string[] = []
  for (const alert of wanting) {
    const labels = formatLabels(alert.labels)
    const twin = [...left].find((other) => formatLabels(other.labels) === labels)
    if (twin) {
      left.delete(twin)
      lines.push(`  ${labels}`, ...annotationDifferences(alert.annotations, twin.annotations))
    } else lines.push(`- ${labels} does not fire${whyNot(labels, found, at)}`)
  }
  return lines.concat([...left].flatMap(unexpected))
}

function isSame(expected: ExpectedAlert, found: FoundAlert): boolean {
  return (
    formatLabels(expected.labels) === formatLabels(found.labels) &&
    formatLabels(expected.annotations) === formatLabels(found.annotations)
  )
}

function annotationDifferences(expected: Labels, found: Labels): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()
  return names.flatMap((name) => {
    if (expected[name] === found[name]) return []
    const line = (mark: string, text: string | undefined) =>
      text === undefined ? [] : [`${mark}   ${name}: ${JSON.stringify(text)}`]
    return line('-', expected[name]).concat(line('+', found[name]))
  })
}

function unexpected({ labels, annotations, value }: FoundAlert): string[] {
  const texts = Object.entries(annotations).map(([name, text]) => `+   ${name}: ${JSON.stringify(text)}`)
  return [`+ ${formatLabels(labels)} fires with the value ${value}`, ...texts]
}

function whyNot(labels: string, found: readonly FoundAlert[], at: number): string {
  const pending = found.find((other) => other.state === 'pending' && formatLabels(other.labels) === labels)
  return pending ? ` (pending for ${(at - pending.active_at) / 1000} s)` : ''
}
