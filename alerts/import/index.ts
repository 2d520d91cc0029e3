/** The importers. To add one: a file that exports an `Importer`, and its line here. */
import { ConfigError, parseYaml } from '../yaml-file.ts'
import { alertmanagerConfig } from './alertmanager.ts'
import type { Imported, Importer } from './importer.ts'
import { prometheusRules } from './rules.ts'

export const importers: readonly Importer[] = [prometheusRules, alertmanagerConfig]

/** Chooses by what stands in the file. Throws ConfigError. `name` stands in messages. */
export function importText(text: string, name: string): Imported {
  const file = parseYaml(text, name)
  const keys = typeof file.value === 'object' && file.value !== null ? Object.keys(file.value) : []
  const importer = importers.find(({ key }) => keys.includes(key))
  if (importer) return importer.convert(file)
  const known = importers.map(({ key, name: what }) => `\`${key}:\` (${what})`).join(' or ')
  throw new ConfigError(`${name}: expected ${known}; found ${keys.join(', ') || 'nothing'}`)
}
