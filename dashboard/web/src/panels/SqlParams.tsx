/** Inputs for the parameters of the query; Enter runs it. */
import { getHotkeyHandler } from '@mantine/hooks'
import { useId } from 'react'
import { timeInputOf, type SqlParam } from '../lib/sql-params.ts'

interface SqlParamsProps {
  params: readonly SqlParam[]
  texts: Readonly<Record<string, string>>
  /** The name of one whose value was refused. */
  refused: string | null
  onChange: (name: string, text: string) => void
  onRun: () => void
}

export function SqlParams({ params, texts, refused, onChange, onRun }: SqlParamsProps) {
  if (params.length === 0) return null
  return (
    <form
      className="sql-params"
      aria-label="Parameters"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        onRun()
      }}
    >
      {params.map((param) => (
        <Param
          key={param.name}
          param={param}
          text={texts[param.name] ?? ''}
          refused={param.name === refused}
          onChange={(text) => onChange(param.name, text)}
          onRun={onRun}
        />
      ))}
      {/* Without it, Enter in one of several inputs does nothing. */}
      <button type="submit" hidden tabIndex={-1} />
    </form>
  )
}

interface ParamProps {
  param: SqlParam
  text: string
  refused: boolean
  onChange: (text: string) => void
  onRun: () => void
}

function Param({ param: { name, type, input, nullable }, text, refused, onChange, onRun }: ParamProps) {
  const id = useId()
  // As in the editor; a form knows Enter alone.
  const onKeyDown = getHotkeyHandler([['mod+Enter', onRun]])
  const shared = { id, onKeyDown, 'aria-invalid': refused, 'aria-describedby': `${id}-type` }
  return (
    <div className="sql-param">
      <label htmlFor={id}>{name}</label>
      {input === 'flag' ? (
        <select {...shared} value={text} onChange={(event) => onChange(event.target.value)}>
          <option value="">{nullable ? 'NULL' : ''}</option>
          <option>true</option>
          <option>false</option>
        </select>
      ) : (
        <input
          {...shared}
          {...fieldOf(input, text)}
          placeholder={nullable ? 'NULL' : input === 'list' ? 'as JSON' : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      <span id={`${id}-type`} className="dim" title={type}>
        {input === 'time' ? `${type}, UTC` : type}
      </span>
    </div>
  )
}

/** What the browser's own inputs cannot show, as text. */
function fieldOf(input: SqlParam['input'], text: string) {
  const time = timeInputOf(text)
  if (input === 'time' && time !== null) return { type: 'datetime-local', step: 1, value: time }
  if (input === 'number' && Number.isFinite(Number(text))) return { type: 'number', step: 'any', value: text }
  if (input === 'day' && /^(\d{4}-\d\d-\d\d)?$/.test(text)) return { type: 'date', value: text }
  return { type: 'text', value: text }
}
