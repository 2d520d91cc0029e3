/** The editor of SQL: completion from the schema, mistakes marked, ⌘ or Ctrl and Enter runs. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { sql } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { EditorState, Prec } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { TextSpan } from '../lib/api.ts'
import { clickhouse } from '../lib/sql-dialect.ts'
import { suggestionsAt, type CompletionTable } from '../lib/sql-completion.ts'

interface SqlEditorProps {
  value: string
  onChange: (value: string) => void
  onRun: () => void
  /** Returns whether there was anything to cancel. */
  onCancel: () => boolean
  tables: readonly CompletionTable[]
  mistake: (TextSpan & { message: string }) | null
}

export function SqlEditor(props: SqlEditorProps) {
  const { value, mistake } = props
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  /** What the editor's own handlers call: always of the last render. */
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })

  useEffect(() => {
    if (!place.current) return undefined
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: latest.current.value, extensions: extensions(() => latest.current) }),
    })
    view.current = editor
    editor.focus()
    return () => editor.destroy()
  }, [])

  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      selection: { anchor: value.length },
    })
  }, [value])

  useEffect(() => {
    const editor = view.current
    if (!editor) return
    const length = editor.state.doc.length
    const marks =
      mistake === null || mistake.to > length
        ? []
        : [{ from: mistake.from, to: mistake.to, severity: 'error' as const, message: mistake.message }]
    editor.dispatch(setDiagnostics(editor.state, marks))
  }, [mistake])

  return <div className="sql-editor" ref={place} />
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--warning)' },
  { tag: tags.comment, color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: tags.typeName, color: 'var(--text-dim)' },
])

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)', minHeight: '140px' },
  '.cm-scroller': { maxHeight: '42vh', overflow: 'auto' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-faint)', border: 'none' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft)',
  },
  '.cm-placeholder': { color: 'var(--text-faint)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    backgroundColor: 'var(--critical-soft)',
    textDecoration: 'underline wavy var(--critical)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface-raised)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    boxShadow: 'var(--shadow-menu)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--text-dim)', fontStyle: 'normal' },
  '.cm-completionInfo': { maxWidth: '320px', padding: '6px 8px', font: '12px/1.4 inherit' },
})

function extensions(latest: () => SqlEditorProps) {
  return [
    Prec.highest(
      keymap.of([
        {
          key: 'Mod-Enter',
          run: () => {
            latest().onRun()
            return true
          },
        },
      ]),
    ),
    history(),
    drawSelection(),
    lineNumbers(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    placeholder('SELECT … FROM v_requests'),
    EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false', autocorrect: 'off' }),
    sql({ dialect: clickhouse }),
    syntaxHighlighting(colours),
    autocompletion({
      icons: false,
      override: [
        (context) => {
          const word = context.matchBefore(/\w*$/)
          const dotted = context.matchBefore(/\.\w*$/) !== null
          if (word === null || (word.from === word.to && !context.explicit && !dotted)) return null
          const options = suggestionsAt(context.state.doc.toString(), context.pos, latest().tables)
          return { from: word.from, options, validFor: /^\w*$/ }
        },
      ],
    }),
    // Tab leaves the editor, as everywhere on a page; Escape first closes what is open, then cancels.
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      { key: 'Escape', run: () => latest().onCancel() },
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest().onChange(update.state.doc.toString())
    }),
    look,
  ]
}
