import { IconLock } from '@tabler/icons-react'

/** Where the file fixes it: it is changed there. */
export function Fixed({ at }: { at: string }) {
  return (
    <span className="fixed mono" title={`Set in the configuration file, at ${at}`}>
      <IconLock size={13} stroke={1.8} aria-hidden />
      <span className="sr-only">fixed by the file: </span>
      {at}
    </span>
  )
}
