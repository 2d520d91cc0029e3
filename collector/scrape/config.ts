import { z } from 'zod'
import { duration, labels } from '../config-values.ts'
import { metricMapping } from './mapping.ts'

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
  targets: z
    .array(
      z.strictObject({
        url: z
          .url({ protocol: /^(https?|nvidia-smi)$/ })
          .describe('The metrics page; `nvidia-smi:` asks the nvidia-smi of this host'),
        kind: z.string().optional().describe('Exporter or server kind; found from the page unless said'),
        endpoint: z.string().optional().describe('Name of the endpoint that this server serves'),
        mapping: metricMapping.optional(),
        labels: labels
          .default({})
          .describe(
            'Labels put on every sample; `host` names the GPU host, `model` the model of a page that names none',
          ),
      }),
    )
    .default([]),
})

export type ScrapeConfig = z.infer<typeof scrapeConfig>
