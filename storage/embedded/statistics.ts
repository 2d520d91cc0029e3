/** What results in JSON and XML say at their end of the query that made them. */
export interface ScanStatistics {
  read_rows: number
  read_bytes: number
}

/** The end of a result that holds them. */
export const statisticsBytes = 400

const json = /"rows_read":\s*"?(\d+)"?,\s*"bytes_read":\s*"?(\d+)"?\s*\}\s*\}\s*$/
const xml = /<rows_read>(\d+)<\/rows_read>\s*<bytes_read>(\d+)<\/bytes_read>\s*<\/statistics>\s*<\/result>\s*$/
const patterns: Record<string, RegExp> = {
  JSON: json,
  JSONStrings: json,
  JSONCompact: json,
  JSONCompactStrings: json,
  JSONColumnsWithMetadata: json,
  XML: xml,
}

/** Null for formats that say nothing: the engine tells it nowhere else. */
export function scanStatistics(result: Buffer, format: string): ScanStatistics | null {
  const pattern = Object.hasOwn(patterns, format) ? patterns[format] : undefined
  const match = pattern?.exec(result.subarray(-statisticsBytes).toString('latin1'))
  return match ? { read_rows: Number(match[1]), read_bytes: Number(match[2]) } : null
}

/** The format that a text asks for at its end, or else the one of the request. */
export function resultFormat(sql: string, requested: string): string {
  return /\bFORMAT\s+([A-Za-z0-9_]+)[\s;]*$/i.exec(sql)?.[1] ?? requested
}
