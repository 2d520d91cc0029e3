/** What the demo's processes say to each other. */
import type { PricesConfig } from '../config.ts'
import type { TableRows } from '../../storage/tables.ts'
import type { Fault, FaultPlan } from './scenario.ts'

export interface FleetOptions {
  /** Base URL of the OTLP/HTTP receiver. */
  otlp_url: string
  faults: FaultPlan
  /** Multiplies the rate of requests. */
  pace: number
}

export type FleetMessage =
  { type: 'ready'; vllm_metrics: string; dcgm_metrics: string } | { type: 'fault'; fault: Fault | null }

export interface BackfillOptions {
  /** Epoch ms, whole minutes. */
  from: number
  to: number
  /** Minutes since 1970 that have demo rows already. */
  skip: number[]
  prices: PricesConfig
  /** Where the RowBinary files go. */
  directory: string
  dcgm_url: string
  vllm_url: string
}

/** One file to insert; the child waits for any message before it writes more than a few ahead. */
export interface BackfillFile {
  table: keyof TableRows
  path: string
  rows: number
}
