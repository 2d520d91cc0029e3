/** How GPUs are: busy, idle, full, hot, held down, broken. */
import { z } from 'zod'
import {
  alertGpuGauge,
  alertGpuIncrease,
  alertGpuThrottled,
  alertGpuUtilization,
  alertGpuXid,
  gpuColumns,
  type GpuScan,
} from '../../storage/queries/alert-gpu.ts'
import { samplePresence, type Over } from '../../storage/queries/alert-samples.ts'
import type { Question } from '../../storage/queries/alert-scan.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { coverageShape, dimensionShape, inUnit, measuredShape, overOf, overShape, refuse } from './measured.ts'

interface Keys {
  over: Over
  priced: boolean
  reasons: string[]
  codes: number[]
  ignore_codes: number[]
}

interface Measure {
  unit: Unit
  /** Keys besides those that every rule may have. */
  takes: readonly (keyof Keys)[]
  ask(scan: GpuScan, keys: Keys): Question
}

const gauge = (name: Parameters<typeof alertGpuGauge>[0], unit: Unit): Measure => ({
  unit,
  takes: ['over'],
  ask: (scan, { over }) => alertGpuGauge(name, over, scan),
})
const increase = (name: Parameters<typeof alertGpuIncrease>[0]): Measure => ({
  unit: 'number',
  takes: [],
  ask: (scan) => alertGpuIncrease(name, scan),
})

const measures = {
  utilization: {
    unit: 'ratio',
    takes: ['over', 'priced'],
    ask: (scan, { over, priced }) => alertGpuUtilization(over, priced, scan),
  },
  sm_active: gauge('sm_active', 'ratio'),
  tensor_active: gauge('tensor_active', 'ratio'),
  vram_used: gauge('vram_used', 'ratio'),
  temperature: gauge('temperature', 'celsius'),
  memory_temperature: gauge('memory_temperature', 'celsius'),
  power: gauge('power', 'watts'),
  power_usage: gauge('power_usage', 'ratio'),
  throttled: { unit: 'ratio', takes: ['reasons'], ask: (scan, { reasons }) => alertGpuThrottled(reasons, scan) },
  xid: {
    unit: 'number',
    takes: ['codes', 'ignore_codes'],
    ask: (scan, { codes, ignore_codes }) => alertGpuXid(codes, ignore_codes, scan),
  },
  ecc_uncorrected: increase('ecc_uncorrected'),
  ecc_corrected: increase('ecc_corrected'),
  remapped_rows: increase('remapped_rows'),
  row_remap_failures: increase('row_remap_failures'),
  pcie_replays: increase('pcie_replays'),
} as const satisfies Record<string, Measure>

type Name = keyof typeof measures
const measureOf = ({ measure }: { measure: Name }): Measure => measures[measure]
const unitOf = (rule: { measure: Name }): Unit => measureOf(rule).unit
const code = z.number().int().positive()

export const gpu = defineKind({
  name: 'gpu',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('5m'),
      ...dimensionShape(gpuColumns, ['host', 'gpu', 'mig_id', 'device']),
      ...overShape,
      ...coverageShape,
      kind: z.literal('gpu'),
      measure: z.enum(Object.keys(measures) as [Name, ...Name[]]).describe('What is measured'),
      priced: z
        .boolean()
        .optional()
        .describe('Of utilization: only GPUs of endpoints with a gpu_hour_usd; all unless said'),
      reasons: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('Of throttled: these reasons; unless said all but idleness, power limits and clocks that people set'),
      codes: z.array(code).min(1).optional().describe('Of xid: these codes; all unless said'),
      ignore_codes: z.array(code).optional().describe('Of xid: all but these codes'),
    })
    .superRefine((rule, context) => {
      const { takes } = measureOf(rule)
      for (const key of ['over', 'priced', 'reasons', 'codes', 'ignore_codes'] as const)
        if (!takes.includes(key)) refuse(context, rule, key, `is no key of ${rule.measure}`)
      if (rule.measure === 'throttled' || rule.measure === 'xid')
        refuse(context, rule, 'below', `${rule.measure} is not told while there is none; expected \`above\``)
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'GpuHot', kind: 'gpu', measure: 'temperature', over: 'min', window: '2m', above: '87°C' },
  presence: (rule, range) =>
    rule.measure === 'xid' ? samplePresence('gpu_samples', { where: rule.where, range }) : null,
  question: (rule, threshold, range) => {
    const { priced = false, reasons = [], codes = [], ignore_codes = [] } = rule
    return measureOf(rule).ask(
      { ...rule, threshold, range },
      { over: overOf(rule), priced, reasons, codes, ignore_codes },
    )
  },
})
