import { useState } from 'react'

/** Drag over a chart to choose a range; times are those of buckets. */
export function useZoom(onZoom?: (from: number, to: number) => void) {
  const [drag, setDrag] = useState<[start: number, end: number] | null>(null)
  const selection = drag && drag[0] !== drag[1] ? drag : null
  return {
    selection,
    start: (at: number) => onZoom && setDrag([at, at]),
    move: (at: number) => drag && at !== drag[1] && setDrag([drag[0], at]),
    end: () => {
      if (selection) onZoom?.(Math.min(...selection), Math.max(...selection))
      setDrag(null)
    },
    cancel: () => setDrag(null),
  }
}
