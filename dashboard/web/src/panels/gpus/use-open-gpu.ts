/** Leads to the page of a GPU, or of a MIG instance of it; the range comes along. */
import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { elsewhere } from '../../lib/elsewhere.ts'
import type { Search } from '../../lib/search.ts'

interface Place {
  host: string
  gpu: string
  mig_id: string
}

export function useOpenGpu(): (place: Place) => void {
  const navigate = useNavigate()
  return useCallback(
    ({ host, gpu, mig_id }: Place) =>
      void navigate({
        to: '/gpus/$host/$gpu',
        params: { host, gpu },
        search: ((before: Search) => ({ ...elsewhere(before), ...(mig_id !== '' && { row: mig_id }) })) as never,
      }),
    [navigate],
  )
}
