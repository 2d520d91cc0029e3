/** What a server is: its kind and version, what it serves, and for which endpoint. */
import { Link } from '@tanstack/react-router'
import type { ServerNow } from '../data/fleet.ts'
import { elsewhere } from '../lib/elsewhere.ts'
import { HeadFact } from './HeadFact.tsx'
import { EndpointLink, ModelLink } from './NameLink.tsx'

interface ServerHeadProps {
  instance: string
  /** Its rows, one a model. */
  own: readonly ServerNow[]
}

export function ServerHead({ instance, own }: ServerHeadProps) {
  const of = (name: (row: ServerNow) => string | null) => [...new Set(own.map(name))].filter((text) => text)
  const [kinds, versions, endpoints] = [of((row) => row.server), of((row) => row.version), of((row) => row.endpoint)]
  return (
    <header className="thing-head">
      <nav aria-label="Breadcrumb">
        <Link to="/servers" search={elsewhere as never}>
          Servers
        </Link>
        <span aria-hidden>/</span>
        <h2>{instance}</h2>
      </nav>
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
    </header>
  )
}
