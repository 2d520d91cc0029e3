/** Light or dark, as the page is drawn now. Asked of the page itself: a media query would lay it out first. */
import { useSyncExternalStore } from 'react'

const attribute = 'data-mantine-color-scheme'

export const useScheme = (): 'light' | 'dark' => useSyncExternalStore(subscribe, schemeOf)

const schemeOf = () => (document.documentElement.getAttribute(attribute) === 'dark' ? 'dark' : 'light')

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributeFilter: [attribute] })
  return () => observer.disconnect()
}
