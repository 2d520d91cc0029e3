/** Whether the GPUs of this host are asked by `nvidia-smi`, without an exporter. */
import { hostname, networkInterfaces } from 'node:os'
import { pathToFileURL } from 'node:url'
import type { ScrapeConfig } from '../config.ts'

export interface LocalGpus {
  /** The target that runs nvidia-smi. */
  url: string
  /** Undefined: that of the other targets. */
  interval?: string | undefined
  /** Found, not asked for: used once it answered, and nobody's trouble when it does not. */
  tentative: boolean
}

/** `found` is the nvidia-smi of the PATH. Null: none is run. */
export function localGpus(
  { nvidia_smi, targets }: Pick<ScrapeConfig, 'nvidia_smi' | 'targets'>,
  found: string | null,
  ownNames: ReadonlySet<string> = namesOfThisHost(),
): LocalGpus | null {
  if (nvidia_smi === 'off' || targets.some(({ url }) => url.startsWith('nvidia-smi:'))) return null
  if (nvidia_smi !== 'auto') {
    const path = nvidia_smi.path ?? found
    const query = nvidia_smi.format === 'csv' ? '?format=csv' : ''
    return { url: targetUrl(path) + query, interval: nvidia_smi.interval, tentative: false }
  }
  if (found === null || targets.some((target) => isExporterOf(target, ownNames))) return null
  return { url: targetUrl(null), tentative: true }
}

const exporterKinds = new Set(['dcgm', 'nvidia-smi'])
/** Of DCGM's exporter and nvidia_gpu_exporter, unless they were moved. */
const exporterPorts = new Set(['9400', '9835'])

function isExporterOf(
  { url, kind }: { url: string; kind?: string | undefined },
  ownNames: ReadonlySet<string>,
): boolean {
  const { hostname: host, port } = new URL(url)
  const isExporter = kind === undefined ? exporterPorts.has(port) : exporterKinds.has(kind)
  return isExporter && ownNames.has(host.toLowerCase())
}

function namesOfThisHost(): Set<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
  )
  return new Set(['localhost', '127.0.0.1', '[::1]', hostname().toLowerCase(), ...addresses])
}

const targetUrl = (path: string | null) => `nvidia-smi:${path === null ? '' : pathToFileURL(path).pathname}`
