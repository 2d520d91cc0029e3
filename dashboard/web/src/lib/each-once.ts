/** Rows of pages one after another, each once: one that was corrected between two questions may be on both. The first stays in its place. */
export function eachOnce<Row>(pages: readonly (readonly Row[])[], id: (row: Row) => string): Row[] {
  const seen = new Set<string>()
  return pages.flat().filter((row) => {
    const size = seen.size
    return seen.add(id(row)).size > size
  })
}
