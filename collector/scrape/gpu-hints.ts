/** What GPU exporters leave out unless told to, and how to tell them. */
import type { GpuSample } from '../../records/gpu-sample.ts'
import { hasAny } from './server.ts'
import type { Families } from './families.ts'

export interface GpuHint {
  measure: keyof GpuSample
  names: readonly string[]
  reason: string
  fix: string
  /** Which pages it explains; all that lack the names when absent. */
  when?: (families: Families) => boolean
}

const counters = "add it to the exporter's list of counters (-f, or customMetrics of its chart)"

const profiles = hasAny(
  'DCGM_FI_PROF_GR_ENGINE_ACTIVE',
  'DCGM_FI_PROF_SM_ACTIVE',
  'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE',
  'DCGM_FI_PROF_DRAM_ACTIVE',
)

/** https://github.com/NVIDIA/dcgm-exporter/blob/main/etc/default-counters.csv */
const dcgm: readonly GpuHint[] = [
  {
    measure: 'sm_active_ratio',
    names: ['DCGM_FI_PROF_SM_ACTIVE'],
    reason: 'off by default',
    fix: counters,
    when: profiles,
  },
  {
    measure: 'gr_engine_active_ratio',
    names: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'],
    reason: 'profiling is not on the page: vGPUs and GPUs before Volta have none, others need the right to profile',
    fix: 'run the exporter with SYS_ADMIN, and with no other profiler on the GPU',
    when: (families) => !profiles(families),
  },
  {
    measure: 'power_limit_watts',
    names: ['DCGM_FI_DEV_POWER_MGMT_LIMIT'],
    reason: 'off by default',
    fix: counters,
    when: hasAny('DCGM_FI_DEV_POWER_USAGE'),
  },
  {
    measure: 'throttle_reasons',
    names: ['DCGM_FI_DEV_CLOCKS_EVENT_REASONS', 'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS'],
    reason: 'off by default',
    fix: counters,
  },
  {
    measure: 'ecc_uncorrected',
    names: ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL'],
    reason: 'off by default',
    fix: counters,
  },
  {
    measure: 'xid',
    names: ['DCGM_FI_DEV_XID_ERRORS'],
    reason: 'drivers since 580 do not report it to DCGM',
    fix: 'add DCGM_EXP_XID_ERRORS_COUNT to the list of counters',
    when: hasAny('DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_GPU_TEMP'),
  },
]

const hints: Readonly<Record<string, readonly GpuHint[]>> = { dcgm }

/** Of the exporters on a page those hints that it gives reason for. */
export function absentGpuMeasures(kinds: Iterable<string>, families: Families): GpuHint[] {
  return [...kinds]
    .flatMap((kind) => hints[kind] ?? [])
    .filter(({ names, when = () => true }) => !hasAny(...names)(families) && when(families))
}
