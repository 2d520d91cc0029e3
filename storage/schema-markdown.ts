/** The schema as a page of Markdown: for a wiki, or for a model that writes queries. */
import type { SchemaTable } from './queries/schema.ts'

const headings = { view: 'Views', table: 'Tables', rollup: 'Rollups' } as const

export function schemaMarkdown(tables: readonly SchemaTable[]): string {
  const parts = (['view', 'table', 'rollup'] as const).flatMap((kind) =>
    [`## ${headings[kind]}`].concat(tables.filter((table) => table.kind === kind).map(tableMarkdown)),
  )
  return `# Tables and views of Inferwatch\n\nTimes are in UTC; unknown is null, never 0. Examples are made up.\n\n${parts.join('\n\n')}\n`
}

function tableMarkdown({ name, comment, columns, query }: SchemaTable): string {
  const rows = columns.map((column) => {
    return `| ${[`\`${column.name}\``, `\`${column.type}\``, column.unit ?? '', column.comment, `\`${column.example}\``].map(cell).join(' | ')} |`
  })
  return [
    `### ${name}\n\n${comment}.`,
    `\`\`\`sql\n${query}\n\`\`\``,
    ['| column | type | unit | what | example |', '| --- | --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
