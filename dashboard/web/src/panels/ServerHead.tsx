/** What a server is: its kind and version, what it serves, and for which endpoint. */
import type { ServerNow } from '../data/fleet.ts'
import { EndpointLink, ModelLink } from './NameLink.tsx'
import { HeadFact, ThingHead } from './ThingHead.tsx'

interface ServerHeadProps {
  instance: string
  /** Its rows, one a model. */
  own: readonly ServerNow[]
}

export function ServerHead({ instance, own }: ServerHeadProps) {
  const of = (name: (row: ServerNow) => string | null) => [...new Set(own.map(name))].filter((text) => text)
  const [kinds, versions, endpoints] = [of((row) => row.server), of((row) => row.version), of((row) => row.endpoint)]
  return (
    <ThingHead of={{ to: '/servers', title: 'Servers' }} name={instance}>
      <dl>
        {kinds.length > 0 && <HeadFact term="Kind">{[...kinds, ...versions].join(' ')}</HeadFact>}
        {own.length > 0 && (
          <HeadFact term={own.length === 1 ? 'Model' : 'Models'}>
            {own.map(({ model }) => (
              <ModelLink key={model} name={model} />
            ))}
          </HeadFact>
        )}
        {endpoints.length > 0 && (
          <HeadFact term="Endpoint">
            {endpoints.map((name) => (
              <EndpointLink key={name} name={name ?? ''} />
            ))}
          </HeadFact>
        )}
      </dl>
    </ThingHead>
  )
}
