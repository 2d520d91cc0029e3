/**
 * Remembers a pure function's answers by key, at most `limit` of them: when full it starts anew, which is cheaper than
 * keeping an order. Longer keys are worked out each time, so that hostile input cannot fill the memory.
 */
export function memo<T>(compute: (key: string) => T, limit = 4096, maxKeyLength = 256): (key: string) => T {
  const known = new Map<string, T>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const value = compute(key)
    if (key.length > maxKeyLength) return value
    if (known.size >= limit) known.clear()
    known.set(key, value)
    return value
  }
}
