/** Targets from a Kubernetes cluster. */
import type { KubernetesProvider } from '../config.ts'
import { messageOf, type Provider, type ProviderEvents, type ProviderServices } from '../provider.ts'
import type { LabelSet } from '../relabel.ts'
import { kubernetesApi, type KubernetesApi, type ResourceName } from './api.ts'
import { allPorts, chosenPort } from './choose.ts'
import type { AnyObject, EndpointSlice, Pod, Service } from './objects.ts'
import { backoffMs, reflect } from './reflector.ts'
import { thingOfPod, thingOfService, thingsOfSlice, type Thing } from './thing.ts'

/** The first is what the role is about; the others tell more about it. */
const needed: Record<KubernetesProvider['role'], readonly ResourceName[]> = {
  pod: ['pods'],
  service: ['services'],
  endpointslice: ['endpointslices', 'pods', 'services'],
}

/** Events of a rollout come in bursts. */
const gatherMs = 200

export function startKubernetesProvider(
  config: KubernetesProvider,
  events: ProviderEvents,
  { clock }: ProviderServices,
  env: NodeJS.ProcessEnv = process.env,
): Provider {
  const stopping = new AbortController()
  const { signal } = stopping
  const api = kubernetesApi(config, env)
  const copies = new Map<
    string,
    { resource: ResourceName; objects: ReadonlyMap<string, AnyObject> | null; error: string }
  >()
  const labelsOf = createLabels(config)
  let cancel: (() => void) | null = null

  const tell = () => {
    cancel = null
    if (signal.aborted) return
    const all = [...copies.values()]
    const error = [...new Set(all.map((copy) => copy.error).filter((text) => text !== ''))].join('; ')
    const main = all.filter(({ resource }) => resource === needed[config.role][0])
    // Until everything was seen or refused once, a part would look like the whole.
    if (all.some((copy) => copy.objects === null && copy.error === '')) return
    if (main.every((copy) => copy.objects === null || copy.error !== '')) events.failed(error)
    else events.found({ labels: labelsOf(all), error })
  }
  const gather = () => {
    cancel ??= clock.after(gatherMs, tell)
  }
  const run = async () => {
    const namespaces = await namespacesOf(config, api, events, (failures) => waitFor(failures))
    if (signal.aborted) return
    const running = needed[config.role].flatMap((resource) =>
      namespaces.map((namespace) => {
        const copy = { resource, objects: null as ReadonlyMap<string, AnyObject> | null, error: '' }
        copies.set(`${resource} ${namespace ?? ''}`, copy)
        return reflect(
          {
            api,
            config,
            resource,
            namespace,
            selected: resource === needed[config.role][0],
            clock,
            onChange(objects) {
              copy.objects = objects
              gather()
            },
            onTrouble(error) {
              if (error === copy.error) return
              copy.error = error
              gather()
            },
          },
          signal,
        )
      }),
    )
    await Promise.all(running)
  }
  const waitFor = (failures: number) =>
    new Promise<boolean>((resolve) => {
      const stop = clock.after(backoffMs(failures), () => resolve(!signal.aborted))
      signal.addEventListener('abort', () => {
        stop()
        resolve(false)
      })
    })
  const running = run()
  return {
    async stop() {
      stopping.abort()
      cancel?.()
      await running
    },
  }
}

/** Null is all of them. The own one may be asked for before its file is there. */
async function namespacesOf(
  config: KubernetesProvider,
  api: KubernetesApi,
  events: ProviderEvents,
  again: (failures: number) => Promise<boolean>,
): Promise<(string | null)[]> {
  if (!config.own_namespace) return config.namespaces.length > 0 ? config.namespaces : [null]
  for (let failures = 1; ; failures++)
    try {
      return [...new Set([await api.ownNamespace(), ...config.namespaces])]
    } catch (error) {
      events.failed(messageOf(error))
      if (!(await again(failures))) return []
    }
}

type Copies = readonly { resource: ResourceName; objects: ReadonlyMap<string, AnyObject> | null }[]

/** Label sets of everything; of what did not change, the same ones as before. */
function createLabels(config: KubernetesProvider): (copies: Copies) => LabelSet[] {
  const choose = config.known ? chosenPort : allPorts
  const ofThing = (thing: Thing | null) => (thing ? choose(thing) : [])
  const known = new WeakMap<AnyObject, { with: readonly unknown[]; labels: LabelSet[] }>()
  /** Made anew when the object, or another that it draws on, is another one. */
  const remembered = (object: AnyObject, others: readonly unknown[], make: () => LabelSet[]) => {
    const before = known.get(object)
    if (before && before.with.length === others.length && before.with.every((other, at) => other === others[at]))
      return before.labels
    const labels = make()
    known.set(object, { with: others, labels })
    return labels
  }
  return (copies) => {
    const all = <T extends AnyObject>(wanted: ResourceName) => {
      const found = copies
        .filter(({ resource }) => resource === wanted)
        .flatMap(({ objects }) => Array.from(objects ?? []))
      return new Map(found as [string, T][])
    }
    const pods = all<Pod>('pods')
    const services = all<Service>('services')
    if (config.role === 'pod')
      return [...pods.values()].flatMap((pod) => remembered(pod, [], () => ofThing(thingOfPod(pod))))
    if (config.role === 'service')
      return [...services.values()].flatMap((service) =>
        remembered(service, [], () => ofThing(thingOfService(service))),
      )
    return [...all<EndpointSlice>('endpointslices').values()].flatMap((slice) => {
      const drawn: unknown[] = []
      const noted = <T>(other: T) => {
        drawn.push(other)
        return other
      }
      const things = thingsOfSlice(
        slice,
        (namespace, name) => noted(pods.get(`${namespace}/${name}`)),
        (namespace, name) => noted(services.get(`${namespace}/${name}`)),
      )
      return remembered(slice, drawn, () => things.flatMap(ofThing))
    })
  }
}
