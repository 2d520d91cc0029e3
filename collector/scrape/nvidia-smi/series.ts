/** What nvidia-smi's two formats share: how it writes values, and the metrics page that they become. */

const units: Record<string, number> = {
  '': 1,
  '%': 0.01,
  MiB: 2 ** 20,
  'KB/s': 1000,
  W: 1,
  C: 1,
  MHz: 1e6,
  us: 1e-6,
  x: 1,
}

const words: Record<string, number> = { Yes: 1, No: 0, Enabled: 1, Disabled: 0 }

/** In base units; null for N/A, [Not Supported], "Requested functionality has been deprecated", "Unknown Error" and the like. */
export function numberIn(text: string): number | null {
  const [, digits, unit = ''] = /^(-?\d+(?:\.\d+)?) ?(%|MiB|KB\/s|W|C|MHz|us|x)?$/.exec(text) ?? []
  if (digits === undefined) return words[text] ?? null
  const scale = units[unit] ?? 1
  // Multiplying by 0.01 would leave 0.9100000000000001.
  return scale < 1 ? Number(digits) / Math.round(1 / scale) : Number(digits) * scale
}

/** A metrics page in the series of nvidia_gpu_exporter. */
export class SeriesPage {
  text = ''

  /** A value that is not known is left out. */
  write(series: string, labels: Readonly<Record<string, string>>, value: number | null): void {
    if (value !== null) this.text += `nvidia_smi_${series}{${labelText(labels)}} ${value}\n`
  }
}

const labelText = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([name, text]) => `${name}="${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', ' ')}"`)
    .join(',')
