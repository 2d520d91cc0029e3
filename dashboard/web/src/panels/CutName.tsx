/**
 * A name where there may be no room for it: what stands before its last slash, which many models share, is cut first. What one sees are
 * two parts, what is copied and read aloud is the name.
 */
export function CutName({ name }: { name: string }) {
  const slash = name.lastIndexOf('/')
  if (slash <= 0) return name
  return (
    <span className="cut-name">
      <span aria-hidden data-owner={name.slice(0, slash)} data-rest={name.slice(slash)} />
      <span>{name}</span>
    </span>
  )
}
