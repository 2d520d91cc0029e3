/** SVG to PNG, with fonts of our own: a server has none. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Twice the size of the drawing, for dense screens. */
const zoom = 2

export async function pngOf(svg: string): Promise<Uint8Array> {
  // A native library, which a process that draws nothing never loads.
  const { renderAsync } = await import('@resvg/resvg-js')
  const image = await renderAsync(svg, {
    fitTo: { mode: 'zoom', value: zoom },
    font: { loadSystemFonts: false, fontFiles: fonts(), defaultFontFamily: 'DejaVu Sans' },
  })
  return image.asPng()
}

function fonts(): string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf')
  return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => join(folder, file))
}
