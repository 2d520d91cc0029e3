/** Puts records into a test's storage, as the spool's writer does. */
import { randomUUID } from 'node:crypto'
import type { Db } from '../../storage/client.ts'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { tables, type TableRows } from '../../storage/tables.ts'

export async function store<T extends keyof TableRows>(db: Db, name: T, rows: readonly TableRows[T][]): Promise<void> {
  const table = tables[name]
  const writer = new RowBinaryWriter()
  for (const row of rows) table.encode(writer, row)
  await db.insertRowBinary(
    name,
    table.columns.map((column) => column.name),
    writer.take(),
    randomUUID(),
  )
}
