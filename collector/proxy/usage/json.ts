/** Reading JSON that vendors send: nothing about its shape is believed. */

/** The value at a path of keys and indexes, or undefined. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return atPath(value, path)
}

/** The same of a path at hand. */
export function atPath(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value
  for (const step of path) {
    // What objects inherit are functions, which are no objects here: nothing is found in them.
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string | number, unknown>)[step]
  }
  return found
}

/** A text that stands there, or ''. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** A finite number, or null. */
export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | null {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) ? found : null
}

/** The items of a list, or none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? (found as unknown[]) : []
}

/** Undefined when the text is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The sum of what is known; null when the first is not. */
export function plus(total: number | null, ...more: readonly (number | null)[]): number | null {
  return total === null ? null : more.reduce<number>((sum, part) => sum + (part ?? 0), total)
}
