/** What a page is about besides the URL's filters: the model or endpoint that it shows alone. */
import { createContext, useContext } from 'react'
import type { FilterColumn } from '../../../api/app.ts'

export type Scope = Partial<Record<FilterColumn, string>>

const Context = createContext<Scope>({})

/** Questions below it are about these values alone, whatever is filtered. */
export const ScopeProvider = Context.Provider

export const useScope = () => useContext(Context)
