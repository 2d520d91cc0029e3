/** The server that answered a call and the GPUs under it, around the time of the call, on one time axis. */
import { useRanOn, type ServerGpus, type ServerSeries } from '../../data/servers.ts'
import { useServerAround, type TraceCall } from '../../data/traces.ts'
import { formatExactly, formatRatio, formatTime, significant, unknown } from '../../lib/format.ts'
import { gpuName } from '../GpuPanels.tsx'
import { ServerLink } from '../NameLink.tsx'
import { SideSection } from '../Side.tsx'
import { Failure, PanelSkeleton } from '../states.tsx'

interface UnderSpanProps {
  trace_id: string
  call: TraceCall
}

/** How sure it is that this is the one. */
const known = {
  instance: 'The call names this server.',
  model: 'One of the servers of its endpoint that have its model.',
  endpoint: 'One of the servers of its endpoint.',
  nothing: '',
}
/** Scraped every few seconds, a server shows nothing of less. */
const leastAround = 150_000
/** Servers drawn of an endpoint that has many. */
const mostServers = 3

export function UnderSpan({ trace_id, call }: UnderSpanProps) {
  const { data, error, isPending, refetch } = useRanOn({ trace_id, span_id: call.span_id })
  const instances = [...new Set(data?.links.map(({ instance }) => instance).filter((name) => name !== ''))]
  return (
    <SideSection title="Under it">
      {isPending && <PanelSkeleton height={60} />}
      {error && <Failure error={error} retry={() => void refetch()} height={60} />}
      {data && instances.length === 0 && (
        <p className="dim">
          {data.links.length > 0
            ? `Its endpoint has GPUs of ${data.links[0]?.host}, but no scraped server: list the server’s metrics page under scrape.targets.`
            : 'Nothing says which server it ran on: of a hosted model nobody can, of your own list the server’s metrics page under scrape.targets and its endpoint under endpoints.'}
        </p>
      )}
      {data && instances.length > 0 && <p className="dim">{known[data.by]}</p>}
      {instances.slice(0, mostServers).map((instance) => (
        <Around key={instance} instance={instance} call={call} />
      ))}
      {instances.length > mostServers && (
        <p className="dim">{`and ${formatExactly(instances.length - mostServers, 'more server')}`}</p>
      )}
    </SideSection>
  )
}

interface Track {
  name: string
  title: string
  values: readonly (number | null)[]
  format: (value: number | null) => string
  /** Upper end of the scale; the highest value unless said. */
  max?: number
}

const number = (value: number | null) => (value === null ? unknown : significant(value))

function serverTracks({ lines }: ServerSeries, model: string): Track[] {
  const line = lines.find((one) => one.model === model) ?? lines[0]
  if (!line) return []
  return [
    { name: 'Queue', title: 'Requests waiting for a place in the batch', values: line.waiting, format: number },
    { name: 'Running', title: 'Requests being processed', values: line.running, format: number },
    {
      name: 'KV cache',
      title: 'Share of the memory for attention keys and values in use',
      values: line.kv_cache_ratio,
      format: formatRatio,
      max: 1,
    },
  ]
}

/** GPUs drawn of a server that has many. */
const mostGpus = 4

function gpuTracks({ lines }: ServerGpus): Track[] {
  return lines.slice(0, mostGpus).flatMap((line) => [
    {
      name: `GPU ${line.gpu}${line.mig_id === '' ? '' : ` ${line.mig_id}`}`,
      title: `Utilisation of ${gpuName(line)}: share of time in which a kernel ran`,
      values: line.utilization_ratio,
      format: formatRatio,
      max: 1,
    },
    {
      name: 'VRAM',
      title: `Memory in use of ${gpuName(line)}`,
      values: line.memory_ratio,
      format: formatRatio,
      max: 1,
    },
  ])
}

function Around({ instance, call }: { instance: string; call: TraceCall }) {
  const start = call.timestamp_us / 1000
  const end = start + (call.duration_ms ?? 0)
  const around = Math.max(leastAround, end - start)
  const { data, error, isPending, refetch } = useServerAround(
    instance,
    Math.floor(start - around),
    Math.ceil(end + around),
  )
  if (isPending) return <PanelSkeleton height={140} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={100} />
  const server = serverTracks(data.server, call.model)
  const gpus = gpuTracks(data.gpus)
  return (
    <figure className="under" aria-label={`${instance} around the call`}>
      <figcaption>
        <ServerLink instance={instance} />
      </figcaption>
      {server.length === 0 && <p className="dim">It was not scraped around the call.</p>}
      {server.map((track) => (
        <TrackRow key={track.name} track={track} frame={data.server} start={start} end={end} />
      ))}
      {gpus.length === 0 && (
        <p className="dim">Nothing says which GPUs it runs on: “What runs where” on its page says why.</p>
      )}
      {gpus.map((track) => (
        <TrackRow key={track.title} track={track} frame={data.gpus} start={start} end={end} />
      ))}
      {data.gpus.lines.length > mostGpus && (
        <p className="dim">{`and ${formatExactly(data.gpus.lines.length - mostGpus, 'more GPU')}`}</p>
      )}
      <p className="under-axis dim" aria-hidden>
        <span>{formatTime(data.server.from, 60_000)}</span>
        <span>the call is the band</span>
        <span>{formatTime(data.server.to, 60_000)}</span>
      </p>
    </figure>
  )
}

interface Frame {
  from: number
  to: number
  step_ms: number
  times: readonly number[]
}

/** The mean over the call; of a call between two samples the bucket that it falls in. */
function during({ times, step_ms }: Frame, values: readonly (number | null)[], start: number, end: number) {
  const seen = values.filter((value, index) => {
    const at = times[index] ?? 0
    return value !== null && at <= end && at + step_ms > start
  }) as number[]
  return seen.length === 0 ? null : seen.reduce((sum, value) => sum + value, 0) / seen.length
}

const [width, height] = [300, 26]

function TrackRow({ track, frame, start, end }: { track: Track; frame: Frame; start: number; end: number }) {
  const x = (at: number) => ((at - frame.from) / (frame.to - frame.from)) * width
  const top = track.max ?? Math.max(...track.values.map((value) => value ?? 0), 1)
  const y = (value: number) => height - 1 - (Math.min(value, top) / top) * (height - 3)
  // A value holds for its bucket; a gap stays one.
  const path = track.values.map((value, index) => {
    const at = frame.times[index] ?? 0
    if (value === null) return ''
    const joined = index > 0 && track.values[index - 1] !== null
    const level = y(value).toFixed(1)
    return `${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${level}L${x(at + frame.step_ms).toFixed(1)} ${level}`
  })
  const value = track.format(during(frame, track.values, start, end))
  return (
    <div className="under-track" title={track.title}>
      <span>{track.name}</span>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${track.title}: ${value} during the call`}
      >
        <rect className="under-band" x={x(start)} width={Math.max(x(end) - x(start), 1.5)} y={0} height={height} />
        <path d={path.join('')} vectorEffect="non-scaling-stroke" />
      </svg>
      <span className="under-value">{value}</span>
    </div>
  )
}
