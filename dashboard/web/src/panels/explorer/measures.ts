/** What the heatmap may show: its words and how its values are written. */
import { formatCount, formatMs, formatUsd } from '../../lib/format.ts'
import type { HeatmapMeasure } from '../../lib/search.ts'

interface MeasureWords {
  /** On its button. */
  short: string
  title: string
  /** Of a request without it. */
  missing: string
  format: (value: number) => string
}

export const measureWords: Record<HeatmapMeasure, MeasureWords> = {
  duration_ms: { short: 'Latency', title: 'Latency over time', missing: 'without a known latency', format: formatMs },
  ttft_ms: { short: 'TTFT', title: 'Time to first token over time', missing: 'without TTFT', format: formatMs },
  input_tokens: {
    short: 'In',
    title: 'Input tokens over time',
    missing: 'without input tokens',
    format: formatCount,
  },
  output_tokens: {
    short: 'Out',
    title: 'Output tokens over time',
    missing: 'without output tokens',
    format: formatCount,
  },
  cost_usd: { short: 'Cost', title: 'Cost of a request over time', missing: 'without a known cost', format: formatUsd },
}
