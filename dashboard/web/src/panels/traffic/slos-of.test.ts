import { expect, test } from 'vitest'
import type { Slo, SloGroup } from '../../data/slos.ts'
import { limitsOf, sloState, slosOf } from './slos-of.ts'

const group = (labels: Record<string, string>, left: number, holds: 'page' | 'ticket' | null = null) =>
  ({ labels, budget_left_ratio: left, windows: holds ? [{ holds: true, severity: holds }] : [] }) as unknown as SloGroup
const slo = (where: Record<string, string | string[]>, groups: SloGroup[], limits = {}) =>
  ({ rule: 'r', slo: { where, limits, objective: 0.95 }, groups }) as unknown as Slo

const perModel = slo({}, [group({ model: 'a' }, 0.5), group({ model: 'b' }, -1)], { max_latency: 5000 })
const ofA = slo({ model: ['a'] }, [group({ team: 'x' }, 0.1, 'page')], { max_latency: 5000, max_ttft: 900 })
const ofBoth = slo({ model: ['a', 'b'] }, [group({}, 1)])

test('an objective is of a model when it names it alone', () => {
  const found = slosOf([perModel, ofA, ofBoth], { by: 'model', name: 'a' })
  expect(found.map((one) => sloState(one))).toEqual([
    { level: 'ok', word: 'met' },
    { level: 'critical', word: 'burning' },
  ])
  expect(slosOf([perModel, ofA, ofBoth], { by: 'model', name: 'b' }).map((one) => sloState(one).word)).toEqual([
    'overspent',
  ])
  expect(slosOf([perModel, ofA], { by: 'endpoint', name: 'a' })).toEqual([])
  expect(sloState({ slo: ofA, group: null }).level).toBe('unknown')
})

test('a limit that two objectives share is one line', () => {
  const found = slosOf([perModel, ofA], { by: 'model', name: 'a' })
  expect(limitsOf(found, 'max_latency')).toEqual([{ ms: 5000, objective: 0.95 }])
  expect(limitsOf(found, 'max_ttft')).toEqual([{ ms: 900, objective: 0.95 }])
  expect(limitsOf(found, 'max_tpot')).toEqual([])
})
