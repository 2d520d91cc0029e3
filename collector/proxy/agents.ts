/**
 * Connections of one upstream. node:http asks several times a call for the name that tells those of different places apart, and
 * over TLS every authority that is trusted is part of it: a fifth of a millisecond each time. Here they all go to one place.
 */
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'

export class HttpAgent extends Agent {
  override getName(): string {
    return 'upstream'
  }
}

export class HttpsAgent extends SecureAgent {
  override getName(): string {
    return 'upstream'
  }
}
