/** Label sets: what an alert is called and recognised by. */

export type Labels = Record<string, string>

/**
 * Alertmanager's fingerprint of a label set: FNV-1a 64 over the labels in byte order of their names, each name and value
 * followed by 0xFF; 16 hex digits.
 */
export function fingerprint(labels: Labels): string {
  // As two halves of 32 bits: faster than one BigInt.
  let high = 0xcbf29ce4
  let low = 0x84222325
  const mix = (byte: number) => {
    low = (low ^ byte) >>> 0
    // Times 0x100000001b3: 435, and 2 to the 40th.
    const product = low * 435
    high = (high * 435 + Math.floor(product / 2 ** 32) + ((low << 8) >>> 0)) >>> 0
    low = product >>> 0
  }
  for (const [name, value] of sortedEntries(labels))
    for (const text of [name, value]) {
      for (const byte of Buffer.from(text)) mix(byte)
      mix(0xff)
    }
  return hex(high) + hex(low)
}

const hex = (half: number) => half.toString(16).padStart(8, '0')

/** `{alertname="HighP95Latency", model="gpt-4o"}`, sorted by name: equal text for equal label sets. */
export function formatLabels(labels: Labels): string {
  return `{${sortedEntries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`
}

/** The labels that every set has with the same value. */
export function commonLabels(sets: readonly Labels[]): Labels {
  const [first, ...rest] = sets
  if (!first) return {}
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  )
}

/** The labels named in `names`; `...` takes all. A label that the alert lacks is left out. */
export function pickLabels(labels: Labels, names: readonly string[]): Labels {
  if (names.includes('...')) return { ...labels }
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)))
}

function sortedEntries(labels: Labels): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
