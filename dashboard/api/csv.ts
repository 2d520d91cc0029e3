type Value = string | number | boolean | null

/** A row of CSV, RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvRow(values: readonly Value[]): string {
  return `${values.map(field).join(',')}\r\n`
}

function field(value: Value): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
