import { z } from 'zod'

export const dashboardConfig = z.strictObject({
  api_keys: z
    .array(z.string().min(16))
    .default([])
    .describe('Keys for the dashboard and its API (Bearer, or typed into the login form); needed off loopback'),
  grafana_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where a Grafana with our dashboards is, as browsers reach it: panels then link to it'),
})

export type DashboardConfig = z.infer<typeof dashboardConfig>
