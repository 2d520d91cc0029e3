/** Whose doing it is; there are no accounts, so people say. */
export function WhoField({ who, onChange }: { who: string; onChange: (who: string) => void }) {
  return (
    <label>
      Your name
      <input
        value={who}
        onChange={({ target }) => onChange(target.value)}
        autoComplete="name"
        maxLength={200}
        required
      />
    </label>
  )
}
