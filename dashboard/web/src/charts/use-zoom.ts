import { useState } from 'react'

interface ChartEvent {
  activeLabel?: string | number | undefined
}

/** Drag over a chart to choose a range. */
export function useZoom(onZoom?: (from: number, to: number) => void) {
  const [drag, setDrag] = useState<[start: number, end: number] | null>(null)
  const at = (event: ChartEvent) => (event.activeLabel === undefined ? null : Number(event.activeLabel))
  const handlers = onZoom && {
    onMouseDown: (event: ChartEvent) => {
      const start = at(event)
      if (start !== null) setDrag([start, start])
    },
    onMouseMove: (event: ChartEvent) => {
      const end = at(event)
      if (drag && end !== null && end !== drag[1]) setDrag([drag[0], end])
    },
    onMouseUp: () => {
      if (drag && drag[0] !== drag[1]) onZoom(Math.min(...drag), Math.max(...drag))
      setDrag(null)
    },
  }
  const selection = drag && drag[0] !== drag[1] ? drag : null
  return { handlers: handlers ?? {}, selection }
}
