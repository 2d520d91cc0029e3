/** The servers and GPUs under a call when it began; nothing where nobody knows. */
import { useRanOn } from '../data/servers.ts'
import { formatCounted } from '../lib/format.ts'
import { ServerLink } from './NameLink.tsx'

interface RanOnProps {
  request: { trace_id: string; span_id: string }
}

/** How sure it is that these are the ones. */
const known = {
  instance: 'The call names its server.',
  model: 'One of the servers of its endpoint that have its model.',
  endpoint: 'One of the servers of its endpoint.',
  nothing: '',
}

export function RanOn({ request }: RanOnProps) {
  const { data } = useRanOn(request)
  if (!data || data.links.length === 0) return null
  return (
    <section className="request-section" aria-label="Ran on">
      <h3>Ran on</h3>
      {data.links.map((link) => (
        <p key={[link.instance, link.model, link.host].join(' ')} title={link.why}>
          {link.instance ? <ServerLink instance={link.instance} /> : <span className="mono">{link.endpoint}</span>}
          {link.gpu_uuids.length > 0 && (
            <span className="dim" title={link.gpu_uuids.join('\n')}>
              {` · ${formatCounted(link.gpu_uuids.length, 'GPU')} of ${link.host}`}
            </span>
          )}
        </p>
      ))}
      <p className="dim">{known[data.by]}</p>
    </section>
  )
}
