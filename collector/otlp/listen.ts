/** Addresses as people write them, and servers bound to them. */
import type { AddressInfo, Server } from 'node:net'

/** A receiver has no address to listen on; `cause` is the system's reason. */
export class CannotListen extends Error {
  override name = 'CannotListen'
  /** The key of `listen` to change. */
  readonly setting: 'otlp_http' | 'otlp_grpc'

  constructor(setting: 'otlp_http' | 'otlp_grpc', listen: string, cause: Error) {
    const hint = `is another process there? Change listen.${setting}`
    super(`OTLP cannot listen on ${listen}: ${cause.message}; ${hint}`, { cause })
    this.setting = setting
  }
}

/** Resolves with the host:port that the server got. Throws CannotListen. */
export async function bind(server: Server, listen: string, setting: CannotListen['setting']): Promise<string> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(Number(listen.slice(colon + 1)), host, resolve)
  try {
    await promise
  } catch (cause) {
    throw new CannotListen(setting, listen, cause as Error)
  }
  server.off('error', reject)
  const { address, family, port } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}
