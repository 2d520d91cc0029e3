import { z } from 'zod'
import { duration } from '../config-values.ts'
import { discoveryConfig } from './discovery/config.ts'
import { targetConfig } from './target-config.ts'

export const scrapeConfig = z.strictObject({
  interval: duration.default('10s').describe('Time between two scrapes of a target'),
  timeout: duration.default('5s').describe('A scrape that takes longer counts as failed'),
  max_bytes: z
    .number()
    .int()
    .positive()
    .default(16 * 2 ** 20)
    .describe('Largest metrics page read, in bytes'),
  max_series: z
    .number()
    .int()
    .positive()
    .default(50_000)
    .describe('Series taken from one page; the excess is refused and counted'),
  targets: z.array(targetConfig).default([]).describe('Targets by their address; discovered ones come on top'),
  discovery: discoveryConfig.prefault({}),
})

export type ScrapeConfig = z.infer<typeof scrapeConfig>
