/** What one panel is set to, in the URL while it is not the usual: a link shows the page as it was, and so does going back to it. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useSearch } from './use-search.ts'

/** `name` tells the choice from others of the page: small letters, digits and dashes. */
export function useSetting(name: string, usual: string): [string, (value: string) => void] {
  const [{ set }, change] = useSearch()
  const choose = useCallback(
    (value: string) =>
      change(
        ({ set: before = {}, ...rest }) => {
          const { [name]: _before, ...others } = before
          const after = value === usual ? others : { ...others, [name]: value }
          return Object.keys(after).length === 0 ? rest : { ...rest, set: after }
        },
        { replace: true },
      ),
    [change, name, usual],
  )
  return [set?.[name] ?? usual, choose]
}

/** One of what is offered; the usual where the address says anything else. */
export function useChoice<T extends string>(name: string, offered: readonly T[], usual: T): [T, (value: T) => void] {
  const [value, choose] = useSetting(name, usual)
  return [offered.find((one) => one === value) ?? usual, choose]
}

/** On or off, as a button is pressed; off unless said. */
export function useSwitch(name: string): [boolean, (on: boolean) => void] {
  const [value, choose] = useSetting(name, 'off')
  return [value === 'on', useCallback((on: boolean) => choose(on ? 'on' : 'off'), [choose])]
}

/** Typing settles for so long before the address has it, in ms. */
const settledAfter = 200

/** What is typed to find something: the field has each letter at once, the address once one stops. */
export function useTyped(name: string): [string, (text: string) => void] {
  const [told, tell] = useSetting(`find-${name}`, '')
  const [typed, setTyped] = useState(told)
  const own = useRef(told)
  useEffect(() => {
    // A link, or the way back: not what was typed here.
    if (told !== own.current) setTyped(told)
    own.current = told
  }, [told])
  useEffect(() => {
    if (typed === own.current) return undefined
    const timer = setTimeout(() => {
      own.current = typed
      tell(typed)
    }, settledAfter)
    return () => clearTimeout(timer)
  }, [typed, tell])
  return [typed, setTyped]
}

/** Of a text for people, the part of a name: "Time to first token" is time-to-first-token. */
export const nameOfChoice = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40)
