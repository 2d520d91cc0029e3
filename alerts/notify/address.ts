/**
 * Which addresses a message may go to. The configuration file is its owner's word, so private networks are fine; what is
 * refused is plain text over a network unless asked for, and names that lead to the machine's own or a cloud's inner services.
 */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { DeliveryError } from './notifier.ts'

/** An address of https; of http on this machine, or anywhere when `allow_http` stands beside it. */
export const address = z.url({ protocol: /^https?$/ })

export const allowHttp = z
  .boolean()
  .default(false)
  .describe('Whether messages may leave this machine without encryption')

/** For `superRefine` of a notifier's configuration: its `keys` are addresses, or lists of them. */
export function refusePlainHttp<Key extends string>(...keys: readonly Key[]) {
  return (
    config: { [K in Key]?: string | string[] | undefined } & { allow_http: boolean },
    context: z.RefinementCtx,
  ) => {
    if (config.allow_http) return
    for (const key of keys)
      for (const url of [config[key] ?? []].flat())
        if (url.startsWith('http:') && !isLoopbackHost(new URL(url).hostname))
          context.addIssue({
            code: 'custom',
            path: [key],
            message: 'expected https; allow_http: true lets messages leave this machine without encryption',
          })
  }
}

const bare = (hostname: string) => hostname.replaceAll(/[[\]]/g, '')

/** `localhost`, 127.0.0.0/8 and ::1, as written. */
export function isLoopbackHost(hostname: string): boolean {
  const host = bare(hostname)
  return /^(.+\.)?localhost$/.test(host) || (isIP(host) !== 0 && covers(loopback, host))
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Link-local, where clouds serve credentials, and what is no host at all. */
const reserved = new BlockList()
reserved.addSubnet('169.254.0.0', 16, 'ipv4')
reserved.addSubnet('0.0.0.0', 8, 'ipv4')
reserved.addSubnet('224.0.0.0', 3, 'ipv4')
reserved.addSubnet('fe80::', 10, 'ipv6')
reserved.addSubnet('ff00::', 8, 'ipv6')
reserved.addAddress('fd00:ec2::254', 'ipv6')
reserved.addAddress('::', 'ipv6')

const covers = (list: BlockList, ip: string) => list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')

/**
 * Throws a permanent DeliveryError for an address that leads to a reserved one, or a name that leads to this machine: who owns
 * a name must not reach what listens on loopback. A name that can't be resolved passes, and fails as the network says.
 */
export async function refuseReserved(url: string): Promise<void> {
  await refuseReservedHost(new URL(url).hostname)
}

export async function refuseReservedHost(hostname: string): Promise<void> {
  const host = bare(hostname)
  const literal = isIP(host) !== 0 || isLoopbackHost(host)
  const found = literal ? [host] : await addressesOf(host)
  const ips = found.filter((ip) => isIP(ip) !== 0)
  if (ips.some((ip) => covers(reserved, ip)))
    throw new DeliveryError('the address leads to a link-local or reserved network; expected a host', {
      retryable: false,
    })
  if (!literal && ips.some((ip) => covers(loopback, ip)))
    throw new DeliveryError('the name leads to this machine; write 127.0.0.1 or localhost if that is meant', {
      retryable: false,
    })
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}
