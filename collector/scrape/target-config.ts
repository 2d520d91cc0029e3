import { z } from 'zod'
import { labels } from '../config-values.ts'

/** What a target has besides its address: a static one says it itself, discovered ones get it from their provider. */
export const targetShape = {
  kind: z.string().optional().describe('Exporter or server kind; found from the page unless said'),
  endpoint: z.string().optional().describe('Name of the endpoint that this server serves'),
  labels: labels.default({}).describe('Labels put on every sample; `host` names the GPU host'),
}

export const targetConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('The metrics page'),
  ...targetShape,
})

export type TargetConfig = z.infer<typeof targetConfig>
