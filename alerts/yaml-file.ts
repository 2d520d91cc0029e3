/** YAML checked by a schema; every complaint names file, line, key, what was found and what was expected. */
import { LineCounter, isNode, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'

/** A file that can't be used; one line per thing to mend: file, line, key, what was found and what was expected. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export type Path = (string | number)[]

export interface YamlFile {
  name: string
  /** The plain value; `{}` of an empty file. */
  value: unknown
  /** `file:line` of a key, of its nearest parent when it isn't there. */
  place(path: Path): string
  /** `file:line: key.0.path` of a key, of its nearest parent when it isn't there. */
  where(path: Path): string
  /** What stands at a key, as it was written, moved to the left edge; empty when it isn't there. */
  text(path: Path): string
}

/** Throws ConfigError on text that is not YAML. */
export function parseYaml(text: string, name: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const broken = document.errors[0]
  if (broken) {
    const at = lines.linePos(broken.pos[0])
    throw new ConfigError(`${name}:${at.line}: not valid YAML: ${broken.message} (column ${at.col})`)
  }
  const place = (path: Path) => `${name}${lineOf(document, lines, path)}`
  return {
    name,
    value: plain(document, name) ?? {},
    place,
    where: (path) => `${place(path)}${path.length > 0 ? `: ${path.join('.')}` : ''}`,
    text(path) {
      const node = document.getIn(path, true)
      if (!isNode(node) || !node.range) return ''
      const [start, end] = node.range
      const indent = new RegExp(`^ {1,${lines.linePos(start).col - 1}}`, 'gm')
      return text.slice(start, end).replaceAll(indent, '').trimEnd()
    },
  }
}

/** Aliases are followed only so far: ten lines of them can stand for more values than memory holds. */
function plain(document: Document, name: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`${name}: not usable YAML: ${reason}; write its aliases (*name) out`, { cause })
  }
}

function lineOf(document: Document, lines: LineCounter, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return `:${lines.linePos(node.range[0]).line}`
  }
  return ''
}

/** One line per issue that zod found under `base` of the file; `known` lists the keys that may stand at a path below it. */
export function explainIssues(
  file: YamlFile,
  base: Path,
  known: (path: Path) => readonly string[],
  issues: readonly z.core.$ZodIssue[],
): string[] {
  return issues.flatMap((issue) => {
    const inner = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    const path = base.concat(inner)
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map(
        (key) => `${file.where(path.concat(key))}: unknown key; expected one of: ${known(inner).join(', ')}`,
      )
    // A key that is no name: what it lacks, not what stands below it.
    if (issue.code === 'invalid_key')
      return issue.issues.map(({ message }) => `${file.where(path)}: ${message}; found ${JSON.stringify(path.at(-1))}`)
    const found = JSON.stringify(at(file.value, path))?.slice(0, 80) ?? 'nothing'
    const message = messageOf(issue)
    return [`${file.where(path)}: ${message}${/found|received/.test(message) ? '' : `; found ${found}`}`]
  })
}

/** What to write, where zod's own words only say that something else is there. */
export function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_format' && issue.format === 'url' && issue.message === 'Invalid URL')
    return 'expected an address with its scheme, such as https://example.com'
  if (issue.code === 'invalid_type' && issue.expected === 'array' && issue.message.startsWith('Invalid input'))
    return 'expected a list, such as [a, b]'
  return issue.message
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<string, unknown> | null | undefined)?.[part], value)
}
