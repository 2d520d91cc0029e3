/** A share as a bar beside its figure; unknown has no bar. */
export function Meter({ ratio, text }: { ratio: number | null; text: string }) {
  return (
    <span className="meter">
      <span className="meter-track" aria-hidden>
        {ratio !== null && <i style={{ width: `${Math.min(Math.max(ratio, 0), 1) * 100}%` }} />}
      </span>
      <span className="nowrap">{text}</span>
    </span>
  )
}
