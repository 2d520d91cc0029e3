/**
 * A signature covers the host and the path, so one that a client made for the proxy does not hold at AWS: an endpoint with credentials
 * of its own has its requests signed here, in place of whatever the client signed.
 */
import { awsSigned as signed, type SignedRequest } from '../../storage/aws-signature.ts'
import type { EndpointConfig } from '../config.ts'
import type { RawHeaders } from './headers.ts'

export { sha256 } from '../../storage/aws-signature.ts'

/** The fields with AWS's own, for a request to Bedrock. */
export function awsSigned(
  raw: RawHeaders,
  request: Omit<SignedRequest, 'service'>,
  credentials: NonNullable<EndpointConfig['aws']>,
): string[] {
  return signed(raw, { ...request, service: 'bedrock' }, credentials)
}
