/** Our own health: what the process knows of itself, told also while storage is away. */
import { z } from 'zod'
import { durationMs } from '../../records/duration.ts'
import { selfCounters, selfUnits, type SelfMeasure } from '../self/reading.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { inUnit, measuredShape } from './measured.ts'

const unitOf = ({ measure }: { measure: SelfMeasure }): Unit => selfUnits[measure]

export const self = defineKind({
  name: 'self',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('10m'),
      kind: z.literal('self'),
      measure: z
        .enum(Object.keys(selfUnits) as [SelfMeasure, ...SelfMeasure[]])
        .describe('What is measured; counters by how much they grew in the window, all else as it is now'),
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'DiskNearlyFull', kind: 'self', measure: 'disk_used', above: '90%' },
  // Nothing of it is stored: a look into the past finds nothing.
  question: () => ({ sql: 'select null as value where false', params: {} }),
  own({ measure, window }, threshold, readings) {
    const read = measure in selfCounters ? readings.grown(measure, durationMs(window)) : readings.latest(measure)
    return read.filter(
      ({ value }) =>
        threshold === null || (threshold.side === 'above' ? value > threshold.value : value < threshold.value),
    )
  },
})
