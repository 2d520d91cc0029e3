/** The kinds of rules. To add one: a file that exports `defineKind(…)`, and its line here. */
import { errorRatio } from './error-ratio.ts'
import type { RuleKind } from './kind.ts'
import { latency } from './latency.ts'
import { spendRate } from './spend-rate.ts'
import { sql } from './sql.ts'
import { ttft } from './ttft.ts'

export const kinds: readonly RuleKind[] = [latency, ttft, errorRatio, spendRate, sql]

/** Part of the contract of rule files, refused with a clear word until they are there. */
export const plannedKinds: readonly string[] = ['tpot', 'budget', 'slo', 'gpu', 'server', 'absent', 'anomaly']
