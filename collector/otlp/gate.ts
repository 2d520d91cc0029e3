/** Bounds the bytes of request bodies in memory: who comes when it is full is held a while, then sent away. */
export class ByteGate {
  private used = 0
  private readonly limit: number
  private readonly waiting = new Set<{ bytes: number; admit: () => void }>()
  private readonly maxWaiting: number

  constructor(limit: number, maxWaiting: number) {
    this.limit = limit
    this.maxWaiting = maxWaiting
  }

  /** Bytes let in and not yet released. */
  get bytes(): number {
    return this.used
  }

  /** Who is held at the door. */
  get held(): number {
    return this.waiting.size
  }

  /** True once there is room; false when none came within `holdMs`, or too many wait already. */
  enter(bytes: number, holdMs: number): Promise<boolean> | true {
    if (this.fits(bytes) && this.waiting.size === 0) {
      this.used += bytes
      return true
    }
    if (this.waiting.size >= this.maxWaiting) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiter = {
        bytes,
        admit: () => {
          clearTimeout(timer)
          this.waiting.delete(waiter)
          this.used += bytes
          resolve(true)
        },
      }
      const timer = setTimeout(() => {
        this.waiting.delete(waiter)
        this.admitWaiting()
        resolve(false)
      }, holdMs)
      this.waiting.add(waiter)
    })
  }

  leave(bytes: number): void {
    this.used -= bytes
    this.admitWaiting()
  }

  /** One body may be larger than the limit, when it is alone. */
  private fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.limit
  }

  private admitWaiting(): void {
    for (const waiter of this.waiting) {
      if (!this.fits(waiter.bytes)) return
      waiter.admit()
    }
  }
}
