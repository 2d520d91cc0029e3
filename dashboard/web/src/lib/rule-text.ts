/** Rules as their files have them: what a copy begins with, what is wrong and where, another threshold. */
import type { TextSpan } from './api.ts'

/** A rule file with one rule in it. */
export function ruleFileOf(yaml: string, intervalMs: number): string {
  const rule = yaml
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `        ${line}`))
    .join('\n')
    .trimStart()
  return `groups:\n  - name: my-rules\n    interval: ${intervalMs / 1000}s\n    rules:\n      - ${rule}\n`
}

export interface RuleProblem {
  /** From 1 on; null when it is about the whole text. */
  line: number | null
  message: string
}

/** One a line: `rule:3: above: expected a duration`. */
export function problemsOf(message: string): RuleProblem[] {
  return message.split('\n').map((text) => {
    const [, line, rest] = /^rule(?::(\d+))?: (.*)$/.exec(text) ?? []
    const shown = (rest ?? text).replace(/^groups\.\d+\.rules\.\d+(\.|: )/, '')
    return { line: line === undefined ? null : Number(line), message: shown }
  })
}

/** Where a line stands, without its indentation; null when there is no such line. */
export function spanOfLine(text: string, line: number): TextSpan | null {
  const lines = text.split('\n')
  const found = lines[line - 1]
  if (found === undefined) return null
  const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0)
  const indent = found.length - found.trimStart().length
  return { from: start + indent, to: Math.max(start + found.trimEnd().length, start + indent) }
}

/** The same rule with another threshold; null unless it says exactly one. */
export function withThreshold(text: string, threshold: string): string | null {
  const places = [...text.matchAll(/(?<=[\s{,](?:above|below):[ ]*)[^\s,}#]+/g)]
  const [place] = places
  if (!place || places.length > 1) return null
  return `${text.slice(0, place.index)}${threshold}${text.slice(place.index + place[0].length)}`
}
