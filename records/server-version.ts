/** Which version a server, or the GPU driver of a host, is of: what it tells of itself. */
export interface ServerVersion {
  /** Epoch ms. */
  timestamp: number
  /** Kind, as in server samples; `gpu-driver` of a GPU host. */
  server: string
  /** host:port, as in server samples; of a driver the host, as in GPU samples. */
  instance: string
  /** Empty when unknown. */
  endpoint: string
  version: string
}
