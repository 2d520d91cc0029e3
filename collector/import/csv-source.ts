import { counted } from '../../records/counted.ts'
import { withoutMark } from './cells.ts'
import { CsvReader, type CsvRecord } from './csv.ts'
import { ImportError } from './error.ts'
import type { Batch, BrokenRow, Lines, Source, SourceRow } from './source.ts'

/** CSV or TSV, whose first line names the columns. Throws ImportError when it does not. */
export async function csvSource(
  file: string,
  format: 'csv' | 'tsv',
  total: number | null,
  lines: Lines,
): Promise<Source> {
  const reader = new CsvReader(format === 'tsv' ? '\t' : ',')
  let line = 0
  const records = (batch: string[]) => batch.flatMap((text) => reader.push(text, ++line))
  async function* all(): AsyncGenerator<{ records: CsvRecord[]; bytes: number }> {
    for await (const batch of lines) yield { records: records(batch.lines), bytes: batch.bytes }
    yield { records: reader.end(), bytes: 0 }
  }
  const rest = all()
  let first: { records: CsvRecord[]; bytes: number } = { records: [], bytes: 0 }
  while (first.records.length === 0) {
    const next = await rest.next()
    if (next.done) throw new ImportError(`${file}: is empty; the first line names the columns`)
    first = { records: next.value.records, bytes: first.bytes + next.value.bytes }
  }
  const head = first.records.shift()
  const columns = head?.cells?.map((name, at) => (at === 0 ? withoutMark(name) : name).trim())
  if (!columns) throw new ImportError(`${file}: its first line, which names the columns, has an unclosed quote`)
  const row = (record: CsvRecord): SourceRow | BrokenRow => {
    const { line: at, cells } = record
    if (!cells) return { ...record, message: 'a quoted field is not closed', raw: () => record.raw }
    const raw = () => cells.join(reader.delimiter)
    if (cells.length === columns.length) return { line: at, cells, raw }
    const message = `${counted(cells.length, 'column')}, the first line has ${columns.length}`
    return { line: at, cells: null, reason: 'column_count', message, raw }
  }
  async function* batches(): AsyncGenerator<Batch> {
    yield { rows: first.records.map(row), progress: first.bytes }
    for await (const batch of rest) yield { rows: batch.records.map(row), progress: batch.bytes }
  }
  return { format, columns, total, batches: batches() }
}
