/** Splits a migration file at its semicolons; those in strings, quoted names and comments do not count. */
const part = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^])*"|`(?:[^`\\]|\\[^])*`|--[^\n]*|\/\*[^]*?\*\/|;|[^]/g

/** Statements without comments, in order. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = []
  let current = ''
  for (const [text] of sql.matchAll(part)) {
    if (text === ';') {
      statements.push(current)
      current = ''
    } else current += text.startsWith('--') || text.startsWith('/*') ? ' ' : text
  }
  return [...statements, current].map((statement) => statement.trim()).filter((statement) => statement !== '')
}
