import { useId, useState } from 'react'
import { allZones, browserZone, isTimeZone } from '../lib/time-zone.ts'
import { useTimeZone } from '../lib/use-time-zone.ts'

/** In which zone all times are shown: the browser's, UTC, or any other by its name. */
export function TimeZoneMenu() {
  const [zone, choose] = useTimeZone()
  const [text, setText] = useState(zone ?? '')
  const list = useId()
  const known = [
    { word: `Browser (${browserZone()})`, value: undefined },
    { word: 'UTC', value: 'UTC' },
  ]
  return (
    <fieldset className="zones">
      <legend>Time zone</legend>
      <div className="presets">
        {known.map(({ word, value }) => (
          <button key={word} type="button" aria-pressed={zone === value} onClick={() => choose(value)}>
            {word}
          </button>
        ))}
      </div>
      <label>
        Another
        <input
          list={list}
          value={text}
          placeholder="Europe/Berlin"
          spellCheck={false}
          onChange={({ target }) => {
            setText(target.value)
            if (target.value !== '' && isTimeZone(target.value)) choose(target.value)
          }}
        />
      </label>
      <datalist id={list}>
        {allZones().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </fieldset>
  )
}
