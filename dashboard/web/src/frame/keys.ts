/** What every key does, for the frame that obeys it and the help that tells of it. */
import { pages } from './pages.ts'

export interface KeyEntry {
  /** As the browser calls them; two with a space between are pressed after each other. */
  keys: string
  word: string
}

export const paletteKey = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K'

export const goKeys: KeyEntry[] = pages.map(({ key, word }) => ({ keys: `g ${key}`, word }))

export const timeKeys = [
  { keys: '[', word: 'Back by half of the range' },
  { keys: ']', word: 'Forward by half of the range' },
  { keys: '-', word: 'Zoom out: twice the range' },
  { keys: '=', word: 'Zoom in: half of the range' },
  { keys: 't', word: 'Go to a time' },
  { keys: 'l', word: 'Follow new data, or pause' },
  { keys: 'c', word: 'Compare with the period before' },
  { keys: 'm', word: 'Show or hide marks on charts' },
  { keys: 'a', word: 'Annotate the time at the cursor' },
] as const satisfies KeyEntry[]

export const otherKeys: KeyEntry[] = [
  { keys: paletteKey, word: 'Go anywhere, do anything' },
  { keys: '/', word: 'Filter' },
  { keys: '?', word: 'This help' },
  { keys: 'j', word: 'Next row' },
  { keys: 'k', word: 'Row before' },
  { keys: 'Enter', word: 'Open the row' },
  { keys: 'Escape', word: 'Close what is open' },
]
