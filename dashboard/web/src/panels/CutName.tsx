/** A name where there may be no room for it: what stands before its last slash, which many models share, is cut first. */
export function CutName({ name }: { name: string }) {
  const slash = name.lastIndexOf('/')
  if (slash <= 0) return name
  return (
    <span className="cut-name">
      <span>{name.slice(0, slash)}</span>
      <span>{name.slice(slash)}</span>
    </span>
  )
}
