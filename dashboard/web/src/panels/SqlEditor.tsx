/** The editor of SQL: completion from the schema. */
import { autocompletion } from '@codemirror/autocomplete'
import { sql } from '@codemirror/lang-sql'
import { useMemo } from 'react'
import { clickhouse } from '../lib/sql-dialect.ts'
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
