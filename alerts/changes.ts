/** Tells vendors of deploys, once each: what stands in `annotations` becomes a change event on their time lines. */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import { newDeploys, settledChanges, type Deploy } from '../storage/queries/alert-deploys.ts'
import { channelKey, type Channel } from './channel.ts'
import type { Clock } from './clock.ts'
import type { Courier } from './courier.ts'
import type { Attempt } from './deliver.ts'
import type { Change } from './notify/notifier.ts'
import type { RowWriter } from './row-writer.ts'

export interface ChangesOptions {
  clock: Clock
  db: Db
  log: Logger
  writer: RowWriter
  courier: Pick<Courier, 'channels' | 'change'>
  /** Whether this process may tell anybody. */
  leads: () => boolean
}

const lookMs = 15_000
/** A deploy that could not be told by then is no news. */
const newsS = 3_600
/** What is settled is remembered for longer than it is news: an annotation may be stored again with a correction. */
const rememberedS = 24 * 3_600

export class Changes {
  readonly #options: ChangesOptions
  /** By channel and deploy: those that need no further attempt, as far as rows tell, and those of this process. */
  readonly #settled = new Set<string>()
  readonly #attempts = new Map<string, number>()
  #isRead = false
  #failing = false
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  #cancel = () => {}

  constructor(options: ChangesOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.clock.after(lookMs, async () => {
      this.#running = this.#look()
      await this.#running
      this.start()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  async #look(): Promise<void> {
    const { courier, db, log, leads } = this.#options
    const channels = courier.channels().filter(({ change }) => change !== null)
    if (channels.length === 0 || !leads()) return
    try {
      await this.#readSettled()
      for (const deploy of await newDeploys(db, newsS))
        for (const channel of channels) await this.#tell(channel, deploy)
      this.#failing = false
    } catch (error) {
      if (!this.#failing) log.warn({ err: error }, 'deploys cannot be read, so vendors are not told of them')
      this.#failing = true
    }
  }

  async #readSettled(): Promise<void> {
    if (this.#isRead) return
    for (const { receiver, channel, id } of await settledChanges(this.#options.db, rememberedS))
      this.#settled.add(keyOf({ receiver, id: channel }, id))
    this.#isRead = true
  }

  async #tell(channel: Channel, deploy: Deploy): Promise<void> {
    const { clock, courier, writer } = this.#options
    const id = changeId(deploy)
    const key = keyOf(channel, id)
    if (this.#stopped || this.#settled.has(key) || channel.health.blocked_until > clock.now()) return
    const attempts = (this.#attempts.get(key) ?? 0) + 1
    this.#attempts.set(key, attempts)
    const result = await courier.change(channel, changeOf(deploy), attempts)
    if (!result) return
    if (result.outcome === 'retry') channel.health.blocked_until = clock.now() + result.retry_in_ms
    else {
      this.#settled.add(key)
      this.#attempts.delete(key)
    }
    writer.put('notifications', changeRow(channel, deploy, attempts, result, clock.now()))
    await writer.flush()
  }
}

const changeId = ({ id }: Deploy) => `change ${id}`
const keyOf = (channel: Pick<Channel, 'receiver' | 'id'>, id: string) => JSON.stringify([channelKey(channel), id])

function changeOf({ title, text, at, labels, url }: Deploy): Change {
  const links = /^https?:/i.test(url) && URL.canParse(url) ? [{ href: url, text: 'More' }] : []
  return { summary: title || 'Deploy', at, details: { ...labels, ...(text && { text }) }, links }
}

/** A row of `notifications`; holds no secret. */
function changeRow(channel: Channel, deploy: Deploy, attempt: number, result: Attempt, now: number): object {
  const { outcome, http_status, error, duration_ms, retry_in_ms } = result
  return {
    timestamp: new Date(now),
    id: changeId(deploy),
    receiver: channel.receiver,
    channel: channel.id,
    type: channel.type,
    group_key: '',
    status: 'change',
    reason: 'change',
    title: deploy.title,
    alerts: [],
    attempt,
    ok: outcome === 'sent',
    outcome,
    retry_at: outcome === 'retry' ? new Date(now + retry_in_ms) : null,
    http_status,
    duration_ms,
    error,
  }
}
