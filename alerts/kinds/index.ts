/** The kinds of rules. To add one: a file that exports `defineKind(…)`, and its line here. */
import { absent } from './absent.ts'
import { anomaly } from './anomaly.ts'
import { budget } from './budget.ts'
import { errorRatio } from './error-ratio.ts'
import { gpu } from './gpu.ts'
import { jobQueue } from './job-queue.ts'
import type { RuleKind } from './kind.ts'
import { latency } from './latency.ts'
import { probe } from './probe.ts'
import { self } from './self.ts'
import { server } from './server.ts'
import { slo } from './slo.ts'
import { spendRate } from './spend-rate.ts'
import { sql } from './sql.ts'
import { target } from './target.ts'
import { tokensPerSecond } from './tokens-per-second.ts'
import { tpot } from './tpot.ts'
import { ttft } from './ttft.ts'
import { unpriced } from './unpriced.ts'

export const kinds: readonly RuleKind[] = [
  latency,
  ttft,
  tpot,
  tokensPerSecond,
  errorRatio,
  spendRate,
  unpriced,
  budget,
  slo,
  anomaly,
  server,
  gpu,
  target,
  probe,
  jobQueue,
  absent,
  self,
  sql,
]
