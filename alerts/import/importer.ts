/** What an importer is: it knows a file of others by its content, and makes of it what our configuration understands. */
import type { YamlFile } from '../yaml-file.ts'

export interface Imported {
  /** Our YAML. */
  text: string
  /** What was carried over, for people: `3 of 4 rules`. */
  summary: string
  /** What was not, or not quite: `file:line: what and why`. */
  notes: string[]
}

export interface Importer {
  /** What such files are called. */
  name: string
  /** The key at the top that tells them apart. */
  key: string
  /** Throws ConfigError when the file is no such file after all. */
  convert(file: YamlFile): Imported
}
