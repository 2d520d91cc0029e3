/**
 * A value without bounds, such as a share of nothing. The largest number stands for it: it compares as it should, and JSON, which
 * knows no infinity, can carry it to tables, pages and other programs.
 */
export const infinite = Number.MAX_VALUE

/** `inf` or `-inf`, as ClickHouse writes it; null of a value that has bounds. */
export function infiniteText(value: number): string | null {
  if (Math.abs(value) < infinite) return null
  return value > 0 ? 'inf' : '-inf'
}
