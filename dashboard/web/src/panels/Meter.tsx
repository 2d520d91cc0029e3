/** A share as a bar beside its figure; unknown has no bar. `over` is more than there may be. */
export function Meter({ ratio, text, over = false }: { ratio: number | null; text: string; over?: boolean }) {
  return (
    <span className="meter" data-over={over}>
      <span className="meter-track" aria-hidden>
        {ratio !== null && <i style={{ width: `${Math.min(Math.max(ratio, 0), 1) * 100}%` }} />}
      </span>
      <span className="nowrap">{text}</span>
    </span>
  )
}
