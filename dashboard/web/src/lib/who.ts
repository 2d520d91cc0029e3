/** The name under which somebody acts, kept in this browser. */
import { useStored } from './stored.ts'

const isText = (value: unknown): value is string => typeof value === 'string'

export function useWho(): [who: string, keep: (who: string) => void] {
  const [names, change] = useStored('inferwatch.who', isText)
  return [names[0] ?? '', (who) => change(() => [who])]
}
