/** A panel's data as rows: for reading, for screen readers, for export. */
export type Cell = string | number | null

export interface DataTable {
  columns: string[]
  rows: Cell[][]
}

/** A moment in epoch milliseconds as a cell has it; null when it never was. */
export const isoOf = (at: number | null): Cell => (at === null ? null : new Date(at).toISOString())

/** RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvOf({ columns, rows }: DataTable): string {
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\r\n')
}

function field(value: Cell): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string): void {
  downloadBlob(name, new Blob([text], { type: 'text/csv;charset=utf-8' }))
}

/** Hands anything to the browser as a file. */
export function downloadBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
