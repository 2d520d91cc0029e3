/** The brushed part of the heatmap in a query string: `brush=<from ms>,<to ms>,<min>,<max>`; either pair may be empty. */
import { z } from 'zod'
import type { Term } from '../../records/request-query.ts'
import type { Brush } from '../../storage/queries/request-differs.ts'
import { heatmapMeasures, type HeatmapMeasure } from '../../storage/queries/request-heatmap.ts'
import type { Question } from './question.ts'

const measures = Object.keys(heatmapMeasures) as [HeatmapMeasure, ...HeatmapMeasure[]]

const brush = z
  .string()
  .max(200)
  .transform((text, context): Brush => {
    const parts = text.split(',').map((part) => (part === '' ? null : Number(part)))
    const [from = null, to = null, min = null, max = null] = parts
    const rising = (low: number | null, high: number | null) => low === null || high === null || low < high
    if (parts.length === 4 && parts.every(isBound) && rising(from, to) && rising(min, max))
      return { from, to, min, max }
    context.addIssue({ code: 'custom', message: 'expected <from ms>,<to ms>,<min>,<max>, rising; any may be empty' })
    return z.NEVER
  })

const isBound = (value: number | null) => value === null || (Number.isFinite(value) && value >= 0 && value < 9e15)

export const brushShape = { brush: brush.optional(), measure: z.enum(measures).default('duration_ms') }

interface BrushQuery {
  brush?: Brush | undefined
  measure: HeatmapMeasure
}

/** The question about what is in the brush alone: a shorter range, and terms on the measure. */
export function insideBrush({ range, filter }: Question, { brush, measure }: BrushQuery): Question {
  if (!brush) return { range, filter }
  const from = Math.max(range.from, brush.from ?? range.from)
  const to = Math.max(from, Math.min(range.to, brush.to ?? range.to))
  const bound = (comparison: '>=' | '<', value: number | null): Term[] =>
    value === null ? [] : [{ kind: 'number', field: measure, not: false, test: 'compare', comparison, value }]
  const bounds = [...bound('>=', brush.min), ...bound('<', brush.max)]
  return { range: { from, to }, filter: { ...filter, terms: [...(filter.terms ?? []), ...bounds] } }
}
