/**
 * A GPU that several targets of this collector show (DCGM's exporter and an inference server, say) is stored once: from the
 * exporter that says most, as long as it is heard of. Without a UUID there is no telling, and every row stays.
 */
import type { GpuSample } from '../../records/gpu-sample.ts'

export interface GpuSource {
  target: string
  /** Place of the exporter in the list of exporters: lower is better. */
  rank: number
}

/** More than a cluster has: beyond it, GPUs that nobody shows any more are forgotten. */
const maxHolders = 10_000

export class GpuClaims {
  readonly #holders = new Map<string, GpuSource & { from: number; until: number }>()

  /**
   * Those of `rows` whose GPU is the source's at `now` (epoch ms), which it then holds for `holdMs`. A worse exporter waits
   * until a better one fell silent; of two equal ones the first goes on.
   */
  take(rows: readonly GpuSample[], { target, rank }: GpuSource, now: number, holdMs: number): GpuSample[] {
    const held = new Map<string, boolean>()
    const mine = (uuid: string) => {
      const holder = this.#holders.get(uuid)
      // A slow page is of before others that were read earlier; one from far later held it before the clock was set back.
      const isHeld = holder !== undefined && now <= holder.until && holder.from - now <= holdMs
      const isMine = !isHeld || rank < holder.rank || (rank === holder.rank && target === holder.target)
      if (isMine) this.#holders.set(uuid, { target, rank, from: now, until: now + holdMs })
      return isMine
    }
    if (this.#holders.size > maxHolders)
      for (const [uuid, { until }] of this.#holders) if (until < now) this.#holders.delete(uuid)
    return rows.filter((row) => {
      const uuid = boardUuid(row, rows)
      if (uuid === '') return true
      const known = held.get(uuid)
      if (known !== undefined) return known
      const isMine = mine(uuid)
      held.set(uuid, isMine)
      return isMine
    })
  }

  /** A target that is not scraped any more holds nothing. */
  release(target: string): void {
    for (const [uuid, holder] of this.#holders) if (holder.target === target) this.#holders.delete(uuid)
  }
}

/** A MIG instance goes with its board, also under a UUID of its own. */
function boardUuid(row: GpuSample, rows: readonly GpuSample[]): string {
  if (!row.uuid.startsWith('MIG-')) return row.uuid
  const board = rows.find(
    ({ mig_id, host, gpu, uuid }) => mig_id === '' && host === row.host && gpu === row.gpu && uuid !== '',
  )
  return board?.uuid ?? row.uuid
}
