import { z } from 'zod'
import { duration } from '../config-values.ts'
import { discoveryConfig } from './discovery/config.ts'
import { mappedQueue } from './queues/mapped.ts'
import { authConfig, metricsConfig, targetConfig, tlsConfig, type TargetConfig } from './target-config.ts'

export const scrapeConfig = z.strictObject({
  interval: duration.default('10s').describe('Time between two scrapes of a target'),
  timeout: duration.default('5s').describe('A scrape that takes longer counts as failed'),
  max_bytes: z
    .number()
    .int()
    .positive()
    .default(16 * 2 ** 20)
    .describe('Largest metrics page read, in bytes, before and after decompression'),
  max_series: z
    .number()
    .int()
    .positive()
    .default(50_000)
    .describe('Series read from one page; the excess is refused and counted'),
  auth: authConfig.optional().describe('How targets are asked that say nothing of their own'),
  tls: tlsConfig.optional().describe('How targets are trusted that say nothing of their own'),
  metrics: metricsConfig.prefault({}).describe('What is stored of series that have no column elsewhere'),
  nvidia_smi: z
    .union([
      z.literal(['auto', 'off']),
      z.strictObject({
        path: z.string().min(1).optional().describe('The program; found on the PATH unless said'),
        format: z
          .enum(['xml', 'csv'])
          .default('xml')
          .describe(
            '`csv` costs 0.03 s of CPU a run and GPU instead of 0.1 s, and knows no MIG instances, PCIe traffic and processes',
          ),
        interval: duration.optional().describe('Time between two runs; that of the other targets unless said'),
      }),
    ])
    .default('auto')
    .describe(
      'GPUs of this host without an exporter: `auto` runs nvidia-smi when it is there and works, and no target is a GPU exporter on this host',
    ),
  targets: z.array(targetConfig).default([]).describe('Targets by their address; discovered ones come on top'),
  queues: z
    .array(mappedQueue)
    .default([])
    .describe('Queues of jobs whose exporter is not known: which metrics say what'),
  discovery: discoveryConfig.prefault({}),
})

export type ScrapeConfig = z.infer<typeof scrapeConfig>

/** The configuration with every file's path as `locate` says; `key` is where it stands, such as `scrape.tls.ca_file`. */
export function withScrapePaths(config: ScrapeConfig, locate: (path: string, key: string) => string): ScrapeConfig {
  const access = <T extends Pick<TargetConfig, 'auth' | 'tls'>>(from: T, key: string): T => ({
    ...from,
    ...(from.auth && { auth: located(from.auth, `${key}.auth`, locate) }),
    ...(from.tls && { tls: located(from.tls, `${key}.tls`, locate) }),
  })
  return {
    ...access(config, 'scrape'),
    targets: config.targets.map((target, index) => access(target, `scrape.targets[${index}]`)),
  }
}

function located<T extends object>(from: T, key: string, locate: (path: string, key: string) => string): T {
  const entries = Object.entries(from).map(([name, value]: [string, unknown]) => [
    name,
    name.endsWith('_file') && typeof value === 'string' ? locate(value, `${key}.${name}`) : value,
  ])
  return Object.fromEntries(entries) as T
}
