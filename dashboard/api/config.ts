import { z } from 'zod'

export const dashboardConfig = z.strictObject({
  api_keys: z
    .array(z.string().min(16))
    .default([])
    .describe('Keys for the dashboard and its API (Bearer, or typed into the login form); needed off loopback'),
})

export type DashboardConfig = z.infer<typeof dashboardConfig>
