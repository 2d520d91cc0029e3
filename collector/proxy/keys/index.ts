/** Virtual keys: who may call which endpoint, and how much. The real keys stay in the configuration. */
import type { IncomingMessage } from 'node:http'
import { metrics } from '@opentelemetry/api'
import type { ProxyConfig } from '../../config.ts'
import type { IssueLog } from '../../issues.ts'
import { keyRing } from '../../otlp/api-keys.ts'
import type { Refusal } from '../refusal.ts'
import type { Target } from '../target.ts'
import { findKey } from './credential.ts'
import { readKeys } from './file.ts'
import { createKeyRing, type KeyRing, type KnownKey, objection } from './ring.ts'
import { Spending } from './spending.ts'
import type { VirtualKey } from './config.ts'
import { isLimited, usedRatios } from './windows.ts'
import type { KeyUse } from './use.ts'

export interface KeysOptions {
  config: Pick<ProxyConfig, 'keys' | 'require_key' | 'api_keys'>
  /** Holds keys made at run time and what all keys used. */
  dataDir: string
  issues: IssueLog
  /** Epoch ms. */
  clock?: () => number
}

/** A virtual key that may be used, as its request carries it. */
export interface Presented {
  key: KnownKey
  secret: string
}

export interface Keys {
  /** The virtual key of a request; null when it has none and needs none. A refusal is counted, and never goes upstream. */
  present(request: Pick<IncomingMessage, 'rawHeaders'>, target: Target | null): Presented | Refusal | null
  /** Counts a call that begins now; or refuses it, which is counted too. */
  begin(presented: Presented): KeyUse | Refusal
  /** Takes new keys, for calls that begin from now on. Throws KeyFileError, with the old keys in use. */
  reload(config: KeysOptions['config']): void
  /** After the last call was settled. Idempotent. */
  stop(): Promise<void>
}

export const isRefusal = (found: object): found is Refusal => 'code' in found

/** Throws KeyFileError. */
export function createKeys(options: KeysOptions): Keys {
  const { dataDir, issues, clock = Date.now } = options
  let rules = rulesOf(options.config, dataDir)
  const spending = new Spending({ dataDir, issues, clock })
  const refused = metrics.getMeter('inferwatch').createCounter('inferwatch.proxy.refused_keys', {
    description: 'Calls that the proxy refused for their virtual key, by key and reason',
    unit: '{call}',
  })

  metrics
    .getMeter('inferwatch')
    .createObservableGauge('inferwatch.proxy.key_limit_used', {
      description: 'How much of a limit its key has used in this minute, day or month; 1 is all of it',
      unit: '1',
    })
    .addCallback((result) => {
      for (const { name, limits } of rules.limited)
        for (const [limit, ratio] of usedRatios(limits, spending.used(name)))
          result.observe(ratio, { key: name, limit })
    })

  /** A refused call is no call of a model, and no row of `requests`: here is where it counts. */
  function refuse(refusal: Refusal, subject: string): Refusal {
    const { code } = refusal
    refused.add(1, { key: subject, reason: code })
    // To refuse is what limits are for.
    issues.add('proxy', code, 1, refusal.message, { subject, severity: refusal.closed ? 'hint' : 'problem' })
    return refusal
  }

  return {
    present({ rawHeaders }, target) {
      const secret = findKey({ rawHeaders, rest: target?.rest ?? '' }, rules.isApiKey)
      if (secret === null) {
        if (!rules.required) return null
        return refuse({ code: 'key_missing', message: 'send a virtual key where the vendor’s key goes' }, '')
      }
      const key = rules.ring.find(secret)
      if (!key) return refuse({ code: 'key_unknown', message: 'this virtual key is not known' }, '')
      const wrong = objection(key, target?.endpoint, clock())
      return wrong ? refuse(wrong, key.name) : { key, secret }
    },
    begin({ key }) {
      const use = spending.begin(key)
      return isRefusal(use) ? refuse(use, key.name) : use
    },
    reload(config) {
      rules = rulesOf(config, dataDir)
    },
    stop: () => spending.stop(),
  }
}

interface Rules {
  ring: KeyRing
  limited: readonly VirtualKey[]
  required: boolean
  /** One of `proxy.api_keys`, which may look like a virtual key. */
  isApiKey: (secret: string) => boolean
}

function rulesOf({ keys, require_key, api_keys }: KeysOptions['config'], dataDir: string): Rules {
  // Of two with one hash the configuration's counts.
  const all: KnownKey[] = [...keys, ...readKeys(dataDir)]
  return {
    ring: createKeyRing(all),
    limited: all.filter((key) => key.revoked_at === undefined && isLimited(key.limits)),
    required: require_key,
    isApiKey: keyRing(api_keys),
  }
}
