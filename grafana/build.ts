/** Writes what Grafana provisions: `npx node grafana/build.ts`. A test holds the files to their source. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { stringify } from 'yaml'
import { alertingJson, alertRules } from './alert-rules.ts'
import { cost } from './cost.ts'
import { endpoint } from './endpoint.ts'
import { gpus } from './gpus.ts'
import { model } from './model.ts'
import { overview } from './overview.ts'
import { dashboardJson, type DashboardSpec } from './panels.ts'

export const dashboards: Record<string, DashboardSpec> = {
  'overview.json': overview,
  'model.json': model,
  'endpoint.json': endpoint,
  'gpus.json': gpus,
  'cost.json': cost,
}

/** What the script writes, by path below this folder. */
export async function files(): Promise<Map<string, string>> {
  const written = new Map<string, string>()
  for (const [file, spec] of Object.entries(dashboards)) {
    const path = `dashboards/${file}`
    written.set(path, await formatted(path, JSON.stringify(dashboardJson(spec))))
  }
  const path = 'provisioning/alerting/inferwatch.yaml'
  const note =
    '# Examples for teams that alert with Grafana, paused: Inferwatch alerts by itself. To use one, set isPaused to false.\n' +
    '# Written by grafana/build.ts.\n'
  return written.set(path, await formatted(path, note + stringify(alertingJson(alertRules))))
}

async function formatted(path: string, text: string): Promise<string> {
  const filepath = join(import.meta.dirname, path)
  return format(text, { ...(await resolveConfig(filepath)), filepath })
}

if (import.meta.main) for (const [path, text] of await files()) writeFileSync(join(import.meta.dirname, path), text)
