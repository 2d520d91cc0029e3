/** Writes the dashboards that Grafana provisions: `npx node grafana/build.ts`. A test holds the files to their source. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { overview } from './overview.ts'
import { dashboardJson, type DashboardSpec } from './panels.ts'

export const dashboards: Record<string, DashboardSpec> = { 'overview.json': overview }

export const dashboardsDir = join(import.meta.dirname, 'dashboards')

/** A dashboard as it stands in its file. */
export async function render(file: string, spec: DashboardSpec): Promise<string> {
  const filepath = join(dashboardsDir, file)
  return format(JSON.stringify(dashboardJson(spec)), { ...(await resolveConfig(filepath)), filepath })
}

if (import.meta.main)
  for (const [file, spec] of Object.entries(dashboards))
    writeFileSync(join(dashboardsDir, file), await render(file, spec))
