/**
 * One colour per name, the same on every page: a hash into ten colours that stay apart for colour-blind readers
 * (Okabe and Ito's, filled up from Paul Tol's). Each has a shade for light and one for dark ground.
 */

export const palette = [
  { name: 'blue', light: '#0063b0', dark: '#4f9be8' },
  { name: 'orange', light: '#c97a00', dark: '#f0a630' },
  { name: 'green', light: '#00876a', dark: '#33c39a' },
  { name: 'vermilion', light: '#c94a00', dark: '#ff7f4d' },
  { name: 'pink', light: '#b4568f', dark: '#e591c4' },
  { name: 'indigo', light: '#4a3fb0', dark: '#9f96f5' },
  { name: 'olive', light: '#7a7a12', dark: '#cfca50' },
  { name: 'sky', light: '#2394c4', dark: '#8fdcf7' },
  { name: 'wine', light: '#8a2450', dark: '#d8708f' },
  { name: 'slate', light: '#3a4250', dark: '#d5dae2' },
] as const

export type Scheme = 'light' | 'dark'

/** For "other" and for what has no name. */
export const neutral = { light: '#7b8494', dark: '#8b95a5' }

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value ^= text.charCodeAt(index)
    value = Math.imul(value, 0x01000193)
  }
  return value >>> 0
}

/**
 * The slot of each name. A name keeps its hash's slot unless one before it in the alphabet has it: then the next free
 * one. Beyond ten names slots are shared. The order of `names` does not matter.
 */
export function slotsOf(names: Iterable<string>): Map<string, number> {
  const slots = new Map<string, number>()
  const taken = new Set<number>()
  for (const name of [...new Set(names)].sort()) {
    if (taken.size === palette.length) taken.clear()
    let slot = hash(name) % palette.length
    while (taken.has(slot)) slot = (slot + 1) % palette.length
    taken.add(slot)
    slots.set(name, slot)
  }
  return slots
}

/** The colour of each name on one page: clashes are resolved within each group, as models and GPUs never share a chart. */
export function colorsOf(groups: readonly (readonly string[])[], scheme: Scheme): (name: string) => string {
  const slots = new Map(groups.flatMap((names) => [...slotsOf(names)]))
  return (name) => {
    const slot = slots.get(name)
    return slot === undefined ? neutral[scheme] : (palette[slot]?.[scheme] ?? neutral[scheme])
  }
}
