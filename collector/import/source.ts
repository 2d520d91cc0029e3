/** What every format is read into: rows of texts, in file order. */
export const fileFormats = ['csv', 'tsv', 'json', 'jsonl', 'parquet'] as const
export type FileFormat = (typeof fileFormats)[number]

/** A row as texts, aligned with `columns`; `raw` shows it as it stands in the file. */
export interface SourceRow {
  /** Line in a text file, item of a JSON list, row in a Parquet file; counted from 1. */
  line: number
  cells: (string | null)[]
  raw: () => unknown
}

/** A row that could not even be split into cells. */
export interface BrokenRow {
  line: number
  cells: null
  reason: string
  message: string
  raw: () => unknown
}

export interface Batch {
  rows: (SourceRow | BrokenRow)[]
  /** Bytes of the uncompressed text, or rows of a Parquet file, that this batch took. */
  progress: number
}

export interface Source {
  format: FileFormat
  /** Grows while JSON lines bring new keys; positions stay. */
  columns: readonly string[]
  /** What the sum of `progress` will come to; null when it cannot be known beforehand. */
  total: number | null
  batches: AsyncIterable<Batch>
}

/** A column of a Parquet file, and its type as the engine names it. */
export interface TypedColumn {
  name: string
  type: string
}

/** Lines as the reader process writes them. */
export type Lines = AsyncGenerator<{ lines: string[]; bytes: number }>
