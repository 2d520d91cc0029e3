/** Memory that results pass through, used again: collecting it anew for each of them takes longer than handing them on. */

/** The engine writes a mebibyte at a time, and most results fit one block. */
export const blockBytes = 256 * 1024
/** What stays when nobody reads: 8 MiB. */
const mostIdle = 32

/** Bytes of a result, in memory that is somebody else's soon. */
export interface Piece {
  readonly bytes: Buffer
  /** Gives the memory back: nobody may read `bytes` after that. Without it they stay as they are. Safe to call twice. */
  readonly free: () => void
}

export class BlockPool {
  private readonly idle: Buffer[] = []

  take(): Buffer {
    return this.idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes)
  }

  /** The first `length` bytes of a block, which comes back when they are freed. */
  piece(block: Buffer, length: number): Piece {
    let freed = false
    const free = () => {
      if (!freed) this.giveBack(block)
      freed = true
    }
    return { bytes: block.subarray(0, length), free }
  }

  giveBack(block: Buffer): void {
    if (this.idle.length < mostIdle) this.idle.push(block)
  }
}

/** Bytes that are nobody else's. */
export function ownPiece(bytes: Buffer): Piece {
  return { bytes, free: () => undefined }
}
