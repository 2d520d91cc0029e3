/** Label sets: what an alert is called and recognised by. */

export type Labels = Record<string, string>

/**
 * Alertmanager's fingerprint of a label set: FNV-1a 64 over the labels in byte order of their names, each name and value
 * followed by 0xFF; 16 hex digits.
 */
export function fingerprint(labels: Labels): string {
  // In halves of 32 bits: big integers take twenty times as long. The prime is 2^40 + 435.
  let high = 0xcbf29ce4
  let low = 0x84222325
  const mix = (byte: number) => {
    const mixed = (low ^ byte) >>> 0
    const product = mixed * 435
    high = (Math.imul(high, 435) + Math.floor(product / 0x1_0000_0000) + (mixed << 8)) >>> 0
    low = product >>> 0
  }
  for (const [name, value] of sortedEntries(labels))
    for (const text of [name, value]) {
      for (const byte of Buffer.from(text)) mix(byte)
      mix(0xff)
    }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

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
  return Object.entries(labels).sort(([a], [b]) => compareBytes(a, b))
}

/** From here on, the order of UTF-16 is not that of the bytes. */
const beyond = /[\ud800-\uffff]/

function compareBytes(a: string, b: string): number {
  if (beyond.test(a) || beyond.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}
