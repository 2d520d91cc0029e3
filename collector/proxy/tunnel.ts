/** Two connections that became one: WebSocket and whatever else was upgraded to. Bytes are counted, not looked at. */
import type { Socket } from 'node:net'
import type { CallEnd } from './observer.ts'

/** Peers that vanished without a word are noticed by this. */
const probeMs = 30_000

export interface TunnelEnd extends Pick<CallEnd, 'requestBytes' | 'responseBytes' | 'error'> {
  how: 'complete' | 'client_aborted' | 'upstream_aborted'
}

/** Resolves when both have closed. What was read of either before is to be written before. */
export async function tunnel(client: Socket, upstream: Socket): Promise<TunnelEnd> {
  const before = { request: upstream.bytesWritten, response: client.bytesWritten }
  let how: TunnelEnd['how'] = 'complete'
  let cause: Error | null = null
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  let open = 2
  const join = (from: Socket, to: Socket, aborted: TunnelEnd['how']) => {
    // The pool closes what is idle, and this may be.
    from.setTimeout(0).setNoDelay(true).setKeepAlive(true, probeMs)
    from.on('error', (error) => {
      if (cause) return
      cause = error
      how = aborted
      to.destroy()
    })
    from.on('close', () => {
      to.destroySoon()
      if (--open === 0) resolve()
    })
    from.pipe(to)
  }
  join(client, upstream, 'client_aborted')
  join(upstream, client, 'upstream_aborted')
  await closed
  return {
    how,
    requestBytes: upstream.bytesWritten - before.request,
    responseBytes: client.bytesWritten - before.response,
    ...(cause ? { error: (cause as Error).message } : {}),
  }
}

/** As it goes over the wire. */
export function headOf(status: number, message: string, headers: readonly string[]): Buffer {
  let head = `HTTP/1.1 ${status} ${message}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`
  return Buffer.from(`${head}\r\n`, 'latin1')
}
