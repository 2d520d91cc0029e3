/** Where the text of a target's page comes from: HTTP, or a program on this host. */
import { fetchPage, type Access, type FetchOptions } from './fetch-page.ts'
import { NvidiaSmi } from './nvidia-smi/run.ts'

/** The page as it is now. Throws ScrapeError. */
export type PageSource = (signal: AbortSignal, access: Access) => Promise<string>

/** `nvidia-smi:` runs what the PATH finds, `nvidia-smi:/a/path` that program; `?format=csv` asks for less. */
export function pageSource(url: string, options: Omit<FetchOptions, 'signal' | keyof Access>): PageSource {
  const { protocol, pathname, searchParams } = new URL(url)
  if (protocol !== 'nvidia-smi:') return (signal, access) => fetchPage(url, { ...options, ...access, signal })
  const format = searchParams.get('format') === 'csv' ? 'csv' : 'xml'
  const program = new NvidiaSmi(decodeURIComponent(pathname) || 'nvidia-smi', { ...options, format })
  return (signal) => program.page(signal)
}
