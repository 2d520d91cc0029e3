import { useState } from 'react'

type Chosen = (from: number, to: number) => void

interface Drag {
  from: number
  to: number
  why: boolean
}

/** Drag over a chart to choose a range, with shift to ask why it is so: then one bucket is a range too. Times are those of buckets. */
export function useZoom(onZoom?: Chosen, onWhy?: Chosen) {
  const [drag, setDrag] = useState<Drag | null>(null)
  const selection = drag && (drag.why || drag.from !== drag.to) ? drag : null
  return {
    selection,
    start: (at: number, shift: boolean) => {
      const why = shift && onWhy !== undefined
      if (why || onZoom) setDrag({ from: at, to: at, why })
    },
    move: (at: number) => drag && at !== drag.to && setDrag({ ...drag, to: at }),
    end: () => {
      if (selection) {
        const { from, to, why } = selection
        const chosen = why ? onWhy : onZoom
        chosen?.(Math.min(from, to), Math.max(from, to))
      }
      setDrag(null)
    },
    cancel: () => setDrag(null),
  }
}
