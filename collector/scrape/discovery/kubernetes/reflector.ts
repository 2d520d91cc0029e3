/** Keeps a copy of one resource: lists it, then watches for changes, and lists it anew when the API has forgotten what was between. */
import { durationMs } from '../../../../records/duration.ts'
import type { Clock } from '../../clock.ts'
import type { KubernetesProvider } from '../config.ts'
import { DiscoveryError, messageOf } from '../provider.ts'
import { readBody } from '../request.ts'
import { Expired, Refused, resources, statusMessage, type KubernetesApi, type ResourceName } from './api.ts'
import type { AnyObject } from './objects.ts'
import { lines } from './lines.ts'

export interface ReflectorOptions {
  api: KubernetesApi
  config: KubernetesProvider
  resource: ResourceName
  namespace: string | null
  /** Selectors of the configuration hold for the resource that the role is about. */
  selected: boolean
  clock: Clock
  /** The copy changed, or is complete for the first time. */
  onChange: (objects: ReadonlyMap<string, AnyObject>) => void
  /** What is wrong now; empty once it works again. */
  onTrouble: (error: string) => void
}

const pageSize = 500
const maxObjects = 100_000
const maxPageBytes = 128 * 2 ** 20
const pageTimeoutMs = 120_000
const maxLineBytes = 8 * 2 ** 20
/** A watch that holds so long is in order. */
const calmMs = 2_000
/** Watches that fail one after the other before the copy is no longer believed. */
const maxWatchFailures = 3

/** Runs until the signal: never throws, and waits longer after each failure. */
export async function reflect(options: ReflectorOptions, signal: AbortSignal): Promise<void> {
  const { clock, onTrouble } = options
  const copy = new Copy(options, signal)
  let failures = 0
  while (!signal.aborted)
    try {
      await copy.list()
      failures = 0
      onTrouble('')
      await copy.watch()
    } catch (error) {
      if (signal.aborted) return
      onTrouble(messageOf(error))
      failures += 1
      // What is refused needs a person, who shall not have to wait for long either.
      const delay = error instanceof Refused ? 30_000 : backoffMs(failures)
      await pause(clock, delay * (0.5 + Math.random() / 2), signal)
    }
}

export const backoffMs = (failures: number) => Math.min(1_000 * 2 ** (failures - 1), 30_000)

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', done)
      resolve()
    })
    const done = () => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}

class Copy {
  readonly #options: ReflectorOptions
  readonly #signal: AbortSignal
  #objects = new Map<string, AnyObject>()
  #version = ''

  constructor(options: ReflectorOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Throws DiscoveryError; the copy then stays as it was. */
  async list(): Promise<void> {
    try {
      await this.#list(true)
    } catch (error) {
      if (!(error instanceof Expired)) throw error
      // The pages took longer than the API remembers: all at once, then.
      await this.#list(false)
    }
  }

  async #list(paged: boolean): Promise<void> {
    const objects = new Map<string, AnyObject>()
    let rest = ''
    do {
      const body = await this.#ask({
        ...(paged && { limit: String(pageSize) }),
        ...(rest !== '' && { continue: rest }),
      })
      const page = parse(await readBody(body, { maxBytes: maxPageBytes, timeoutMs: pageTimeoutMs })) as {
        items?: unknown[] | null
        metadata?: { resourceVersion?: string; continue?: string }
      }
      if (page.items !== null && !Array.isArray(page.items)) throw new DiscoveryError('the API answers no list')
      for (const item of page.items ?? []) this.#keep(objects, item)
      if (objects.size > maxObjects)
        throw new DiscoveryError(
          `there are more than ${maxObjects} ${this.#options.resource}: set namespaces or label_selector`,
        )
      this.#version = page.metadata?.resourceVersion ?? ''
      rest = page.metadata?.continue ?? ''
    } while (rest !== '')
    this.#objects = objects
    this.#options.onChange(objects)
  }

  /** Returns when everything is to be listed anew. Throws DiscoveryError when watching does not work. */
  async watch(): Promise<void> {
    const { clock, config, onTrouble } = this.#options
    const until = clock.now() + durationMs(config.resync_interval)
    let failures = 0
    while (clock.now() < until && !this.#signal.aborted)
      try {
        const changes = await this.#watchOnce(until - clock.now())
        failures = changes > 0 ? 0 : failures
        // One that ends at once, again and again, must not become a loop.
        if (changes === 0) await pause(clock, 1_000, this.#signal)
      } catch (error) {
        if (this.#signal.aborted || error instanceof Expired) return
        failures += 1
        if (error instanceof Refused || failures > maxWatchFailures) throw error
        onTrouble(messageOf(error))
        await pause(clock, backoffMs(failures) * (0.5 + Math.random() / 2), this.#signal)
      }
  }

  /** Events until the API ends the watch; how many. */
  async #watchOnce(leftMs: number): Promise<number> {
    const seconds = Math.max(Math.ceil(Math.min(leftMs / 1000, 240 + Math.random() * 60)), 1)
    const body = await this.#ask({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(seconds),
    })
    let events = 0
    let silent = false
    const cancel = this.#options.clock.after(calmMs, () => this.#options.onTrouble(''))
    // A connection that died without a word says nothing at all, not even that it ends.
    const timer = setTimeout(
      () => {
        silent = true
        body.destroy()
      },
      (seconds + 30) * 1000,
    )
    try {
      for await (const line of lines(body, maxLineBytes)) {
        this.#take(line)
        events += 1
      }
      return events
    } catch (error) {
      if (!silent) throw error
      return events
    } finally {
      clearTimeout(timer)
      cancel()
      body.destroy()
    }
  }

  #take(line: string): void {
    const event = parse(line) as { type?: string; object?: { metadata?: { resourceVersion?: string }; code?: number } }
    const { type, object } = event
    if (type === 'ERROR') {
      if (object?.code === 410) throw new Expired('the API no longer knows what happened since the list (410)')
      throw new DiscoveryError(`the API ends the watch: ${statusMessage(JSON.stringify(object ?? {}))}`)
    }
    if (type === 'ADDED' || type === 'MODIFIED') this.#keep(this.#objects, object)
    else if (type === 'DELETED') this.#objects.delete(this.#keyOf(object))
    else if (type !== 'BOOKMARK') throw new DiscoveryError(`the API sends an event of type ${JSON.stringify(type)}`)
    this.#version = object?.metadata?.resourceVersion ?? this.#version
    // After a bookmark nothing is new but the news that nothing is.
    this.#options.onChange(this.#objects)
  }

  #keyOf(object: unknown): string {
    const { namespace = '', name = '' } =
      (object as { metadata?: { namespace?: string; name?: string } }).metadata ?? {}
    return `${namespace}/${name}`
  }

  /** One of an unknown form is left out, and takes no other with it. */
  #keep(objects: Map<string, AnyObject>, item: unknown): void {
    const parsed = resources[this.#options.resource].schema.safeParse(item)
    if (!parsed.success) return
    const { namespace, name, resourceVersion } = parsed.data.metadata
    const key = `${namespace}/${name}`
    const before = this.#objects.get(key)
    // The same object as long as it did not change: what was made of it still holds.
    const same = before !== undefined && resourceVersion !== '' && before.metadata.resourceVersion === resourceVersion
    objects.set(key, same ? before : parsed.data)
  }

  #ask(query: Record<string, string>) {
    const { api, resource, namespace, selected, config } = this.#options
    return api.get(
      {
        resource,
        namespace,
        query: {
          ...(selected && config.label_selector !== undefined && { labelSelector: config.label_selector }),
          ...(selected && config.field_selector !== undefined && { fieldSelector: config.field_selector }),
          ...query,
        },
      },
      this.#signal,
    )
  }
}

function parse(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new DiscoveryError(`the API sends what is no JSON: ${messageOf(error).slice(0, 200)}`, { cause: error })
  }
  if (value === null || typeof value !== 'object') throw new DiscoveryError('the API sends what is no object')
  return value
}
