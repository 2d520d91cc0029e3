import { Button, CopyButton } from '@mantine/core'

/** Something to paste, with a button that copies it. */
export function Snippet({ label, text }: { label: string; text: string }) {
  return (
    <figure className="snippet">
      <figcaption>
        {label}
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy} aria-label={`Copy: ${label}`}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </figcaption>
      <pre>{text}</pre>
    </figure>
  )
}
