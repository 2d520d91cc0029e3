/** Targets from DNS records. */
import { Resolver } from 'node:dns/promises'
import { durationMs } from '../../../records/duration.ts'
import type { DnsProvider } from './config.ts'
import { messageOf, type Found, type Provider, type ProviderEvents, type ProviderServices } from './provider.ts'
import { startRefreshing } from './refresh.ts'
import type { LabelSet } from './relabel.ts'

/** A name that cannot be looked up keeps the targets that it had; one without records has none. */
export function startDnsProvider(config: DnsProvider, events: ProviderEvents, { clock }: ProviderServices): Provider {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  if (config.servers) resolver.setServers(config.servers)
  const known = new Map<string, LabelSet[]>()

  const lookUp = async (name: string): Promise<string> => {
    try {
      const labels = await records(resolver, config, name)
      const before = known.get(name)
      if (JSON.stringify(before) !== JSON.stringify(labels)) known.set(name, labels)
      return ''
    } catch (error) {
      const kept = known.get(name)?.length ?? 0
      const stay =
        kept > 0 ? `; ${kept === 1 ? 'its target of before stays' : `its ${kept} targets of before stay`}` : ''
      return `${name}: ${problemOf(error)}${stay}`
    }
  }
  const ask = async (): Promise<Found> => {
    const errors = await Promise.all(config.names.map(lookUp))
    return {
      labels: config.names.flatMap((name) => known.get(name) ?? []),
      error: errors.filter((error) => error !== '').join('; '),
    }
  }
  const refreshing = startRefreshing({ ask, intervalMs: durationMs(config.refresh_interval), events, clock })
  return {
    async stop() {
      resolver.cancel()
      await refreshing.stop()
    },
  }
}

/** In the order of their addresses: servers rotate them. */
async function records(resolver: Resolver, { type, port }: DnsProvider, name: string): Promise<LabelSet[]> {
  const byAddress = (a: LabelSet, b: LabelSet) => ((a['__address__'] ?? '') < (b['__address__'] ?? '') ? -1 : 1)
  if (type === 'SRV') {
    const found = await noDataIsNone(resolver.resolveSrv(name))
    return found
      .map((record): LabelSet => {
        const host = record.name.replace(/\.$/, '')
        return {
          __address__: `${host}:${record.port}`,
          __meta_dns_name: name,
          __meta_dns_srv_record_target: host,
          __meta_dns_srv_record_port: String(record.port),
        }
      })
      .toSorted(byAddress)
  }
  const addresses = await noDataIsNone(type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name))
  return addresses
    .map((address): LabelSet => {
      const host = address.includes(':') ? `[${address}]` : address
      return { __address__: `${host}:${port}`, __meta_dns_name: name }
    })
    .toSorted(byAddress)
}

/** The name is there, without a record of this type: there are no targets, and nothing is wrong. */
async function noDataIsNone<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    if (codeOf(error) === 'ENODATA') return []
    throw error
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '')

function problemOf(error: unknown): string {
  const problems: Record<string, string> = {
    ENOTFOUND: 'no such name: check it, and write it in full',
    ETIMEOUT: 'the name server does not answer',
    ESERVFAIL: 'the name server failed',
    EREFUSED: 'the name server refuses to answer',
    ECONNREFUSED: 'no name server listens there',
  }
  return problems[codeOf(error)] ?? messageOf(error)
}
