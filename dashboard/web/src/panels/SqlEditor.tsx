/** The editor of SQL: completion from the schema. */
import { autocompletion } from '@codemirror/autocomplete'
import { sql, SQLDialect } from '@codemirror/lang-sql'
import { useMemo } from 'react'
import { suggestionsAt, type CompletionTable } from '../lib/sql-completion.ts'
import { CodeEditor, type CodeEditorProps, type Mistake } from './CodeEditor.tsx'

interface SqlEditorProps extends Pick<CodeEditorProps, 'value' | 'onChange' | 'onRun' | 'onCancel'> {
  /** The same ones as long as the page lives. */
  tables: readonly CompletionTable[]
  mistake: Mistake | null
}

export function SqlEditor({ tables, mistake, ...rest }: SqlEditorProps) {
  const language = useMemo(() => extensions(tables), [tables])
  const mistakes = useMemo(() => (mistake ? [mistake] : []), [mistake])
  return <CodeEditor {...rest} mistakes={mistakes} label="Query" hint="SELECT … FROM v_requests" language={language} />
}

/** What ClickHouse has beyond the standard, as far as colours go. */
const clickhouse = SQLDialect.define({
  keywords:
    'select from where group by order having limit offset with as join left right inner full cross any all on and or not in between is null like ilike desc asc distinct case when then else end union intersect except interval day hour minute second month week year nulls first last explain describe show tables prewhere final sample settings format using array over partition rows totals cast exists',
  types: 'String UInt8 UInt16 UInt32 UInt64 Int64 Float64 Decimal Date DateTime DateTime64 Nullable Array Map Bool',
  identifierQuotes: '`"',
  backslashEscapes: true,
  hashComments: true,
})

function extensions(tables: readonly CompletionTable[]) {
  return [
    sql({ dialect: clickhouse }),
    autocompletion({
      icons: false,
      override: [
        (context) => {
          const word = context.matchBefore(/\w*$/)
          const dotted = context.matchBefore(/\.\w*$/) !== null
          if (word === null || (word.from === word.to && !context.explicit && !dotted)) return null
          const options = suggestionsAt(context.state.doc.toString(), context.pos, tables)
          return { from: word.from, options, validFor: /^\w*$/ }
        },
      ],
    }),
  ]
}
