/** What one panel is set to, in the URL while it is not the usual: a link shows the page as it was, and so does going back to it. */
import { useCallback } from 'react'
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

/** Of a text for people, the part of a name: "Time to first token" is time-to-first-token. */
export const nameOfChoice = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40)
