/**
 * Connections of one upstream. node:http asks several times a call for the name that tells those of different places apart, and
 * over TLS every authority that is trusted is part of it: a fifth of a millisecond each time. Here they all go to one place.
 */
import { Agent } from 'node:http'
import { Agent as SecureAgent, type AgentOptions } from 'node:https'
import { createSecureContext } from 'node:tls'

export class HttpAgent extends Agent {
  override getName(): string {
    return 'upstream'
  }
}

export class HttpsAgent extends SecureAgent {
  constructor({ ca, ...options }: AgentOptions) {
    // Read once: hundreds of authorities take milliseconds, for which every new connection would hold up all calls.
    super(ca === undefined ? options : { ...options, secureContext: createSecureContext({ ca }) })
  }

  override getName(): string {
    return 'upstream'
  }
}

/** Ends the connections that are idle; those in use end with their calls. */
export function letGo(agent: HttpAgent): void {
  // Read when a call is over; not in the types.
  Object.assign(agent, { keepAlive: false })
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}
