/** Colours of YAML in the editor. */
import { StreamLanguage } from '@codemirror/language'

/** In their order; what none of them matches has no colour. */
const tokens: readonly [RegExp, string | null][] = [
  [/^\s+/, null],
  [/^#.*/, 'comment'],
  [/^[\w.$/-]+(?=\s*:(?:\s|$))/, 'keyword'],
  [/^"(?:[^"\\]|\\.)*"?/, 'string'],
  [/^'(?:[^']|'')*'?/, 'string'],
  [/^(?:true|false|null)\b/, 'bool'],
  [/^\$?\d[\w.]*(?:\/\w+|%|°C)?/, 'number'],
  [/^[^\s"',[\]{}:]+/, null],
]

export const yamlLanguage = StreamLanguage.define({
  name: 'yaml',
  token(stream) {
    for (const [pattern, name] of tokens) if (stream.match(pattern)) return name
    stream.next()
    return null
  },
})
