/** What JSON results say at their end of the query that made them. */
export interface ScanStatistics {
  read_rows: number
  read_bytes: number
}

const tailBytes = 400

/** Null for formats that say nothing: the engine tells it nowhere else. */
export function scanStatistics(result: Buffer, format: string): ScanStatistics | null {
  if (!/^(JSON|JSONStrings|JSONCompact|JSONCompactStrings|JSONColumnsWithMetadata)$/.test(format)) return null
  const tail = result.subarray(-tailBytes).toString('latin1')
  const match = /"rows_read":\s*"?(\d+)"?,\s*"bytes_read":\s*"?(\d+)"?\s*\}\s*\}\s*$/.exec(tail)
  return match ? { read_rows: Number(match[1]), read_bytes: Number(match[2]) } : null
}

/** The format that a text asks for at its end, or else the one of the request. */
export function resultFormat(sql: string, requested: string): string {
  return /\bFORMAT\s+([A-Za-z0-9_]+)[\s;]*$/i.exec(sql)?.[1] ?? requested
}
