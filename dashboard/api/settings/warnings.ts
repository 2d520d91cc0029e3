/** What somebody who runs this should know of it. Pure. */
import type { ConfigReport } from '../../../records/setting.ts'
import { isLoopback } from '../security.ts'
import type { Installation } from './control.ts'

export interface Warning {
  level: 'critical' | 'warning'
  text: string
  /** Where in the file it is mended; empty elsewhere. */
  key: string
}

const leastFree = 0.1

export function warningsOf(
  { disk, data_dir }: Pick<Installation, 'disk' | 'data_dir'>,
  { problem, waiting, settings }: ConfigReport,
  addresses: Readonly<Record<string, string>>,
): Warning[] {
  const valueOf = (path: string) => settings.find((one) => one.path === path)?.value
  const warnings: Warning[] = []
  if (problem !== '')
    warnings.push({ level: 'critical', text: `The file as it is now is not in force: ${problem}`, key: '' })
  for (const key of waiting)
    warnings.push({ level: 'warning', text: `${key} was changed in the file: restart to apply it`, key })
  const { free_bytes, total_bytes } = disk
  if (free_bytes !== null && total_bytes !== null && free_bytes < total_bytes * leastFree)
    warnings.push({
      level: 'warning',
      text: `Less than ${leastFree * 100} % of the disk of ${data_dir} is free: shorten retention or give it more room`,
      key: 'retention',
    })
  if (valueOf('content') === 'full' || valueOf('content.mode') === 'full')
    warnings.push({
      level: 'warning',
      text: 'Prompts and answers are stored as they are, not redacted',
      key: 'content',
    })
  for (const [name, address] of Object.entries(addresses))
    if (address !== '' && !isLoopback(address))
      warnings.push({
        level: 'warning',
        text: `${address} is reachable from other machines: keep its keys, and terminate TLS before it`,
        key: `listen.${name}`,
      })
  return warnings
}
