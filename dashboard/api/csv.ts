/** Rows as CSV, RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvRow(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\r\n`
}

function field(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return String(value as number | boolean)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
