import type { ErrorComponentProps } from '@tanstack/react-router'
import { Failure } from '../panels/states.tsx'

/** A page that could not be loaded or drawn; the frame around it goes on. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const failed = error instanceof Error ? error : new Error(String(error))
  return <Failure error={failed} retry={reset} height={320} />
}
