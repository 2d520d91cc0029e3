/** A panel as a PNG: its title, range and legend, in the colours that it has on the page, without what only a pointer needs. */
import { toBlob } from 'html-to-image'

/** What stands below the picture: the range, the filters. */
export async function pictureOf(panel: HTMLElement, caption: string): Promise<Blob> {
  const note = document.createElement('p')
  note.className = 'picture-note'
  note.textContent = caption
  panel.dataset['picture'] = 'true'
  panel.append(note)
  try {
    const blob = await toBlob(panel, {
      pixelRatio: 2,
      backgroundColor: getComputedStyle(panel).backgroundColor,
      // Pages use the system's fonts: there is none to embed.
      skipFonts: true,
      filter: (node) => !(node instanceof HTMLElement && node.classList.contains('panel-controls')),
    })
    if (!blob) throw new Error('The browser made no picture of it')
    return blob
  } finally {
    note.remove()
    delete panel.dataset['picture']
  }
}

/** Whether this page may write pictures to the clipboard: only over HTTPS or on this machine. */
/** The picture is made within the click that asked for it, as browsers want. */
export async function copyPicture(panel: HTMLElement, caption: string): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': pictureOf(panel, caption) })])
}
