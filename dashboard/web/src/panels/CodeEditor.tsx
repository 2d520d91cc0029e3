/** An editor of code: mistakes marked, ⌘ or Ctrl and Enter runs, Tab leaves it. What it knows of a language comes with it. */
import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { EditorState, Prec, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { TextSpan } from '../lib/api.ts'

export interface Mistake extends TextSpan {
  message: string
}

export interface CodeEditorProps {
  value: string
  onChange: (value: string) => void
  onRun: () => void
  /** Returns whether there was anything to cancel. */
  onCancel: () => boolean
  mistakes: readonly Mistake[]
  /** Said to screen readers. */
  label: string
  /** Shown while it is empty. */
  hint: string
  /** Looked at once, when the editor is made. */
  language: Extension
}

export function CodeEditor(props: CodeEditorProps) {
  const { value, mistakes } = props
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
    const marks = mistakes
      .filter(({ to }) => to <= length)
      .map(({ from, to, message }) => ({ from, to, severity: 'error' as const, message }))
    editor.dispatch(setDiagnostics(editor.state, marks))
  }, [mistakes])

  return <div className="code-editor" ref={place} />
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

function extensions(latest: () => CodeEditorProps) {
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
    placeholder(latest().hint),
    EditorView.contentAttributes.of({ 'aria-label': latest().label, spellcheck: 'false', autocorrect: 'off' }),
    latest().language,
    syntaxHighlighting(colours),
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
