/** An amount as people write it; empty is not said. */
interface NumberFieldProps {
  label: string
  hint?: string
  value: string
  onChange: (text: string) => void
  required?: boolean
  /** What the server says is wrong with it. */
  problem?: string
}

export function NumberField({ label, hint, value, onChange, required = false, problem = '' }: NumberFieldProps) {
  return (
    <label title={hint}>
      {label}
      <input
        type="number"
        inputMode="decimal"
        min={0}
        step="any"
        value={value}
        onChange={({ target }) => onChange(target.value)}
        required={required}
        aria-invalid={problem !== ''}
      />
      <span className="field-problem">{problem}</span>
    </label>
  )
}

export const numberOf = (text: string) => (text.trim() === '' ? undefined : Number(text))
