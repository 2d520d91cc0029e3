/** Pods, services and endpoints as one: something with an address, ports, and labels of Prometheus's names. */
import type { LabelSet } from '../relabel.ts'
import { gpuLabel } from '../sift.ts'
import type { EndpointSlice, Pod, Service } from './objects.ts'

export interface Port {
  name: string
  /** Null where a pod declares none. */
  number: number | null
  protocol: string
  /** Of the container that declares it, without its tag; empty when unknown. */
  image: string
  init: boolean
  meta: LabelSet
}

export interface Thing {
  host: string
  ports: Port[]
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  /** Succeeded, Failed, …; empty when it is no pod. */
  phase: string
  meta: LabelSet
  /** What a target is joined with others by: namespace, pod, node, service. */
  place: LabelSet
}

export function thingOfPod(pod: Pod): Thing | null {
  const { metadata, spec, status } = pod
  if (status.podIP === '') return null
  const containers = [
    ...spec.containers.map((container) => ({ container, init: false })),
    ...(spec.initContainers ?? []).map((container) => ({ container, init: true })),
  ]
  const ports = containers.flatMap(({ container, init }): Port[] => {
    const { name, image } = container
    const of = {
      __meta_kubernetes_pod_container_name: name,
      __meta_kubernetes_pod_container_image: image,
      __meta_kubernetes_pod_container_init: String(init),
    }
    const declared = container.ports ?? []
    if (declared.length === 0)
      return [{ name: '', number: null, protocol: '', image: imageName(image), init, meta: of }]
    return declared.map((port) => ({
      name: port.name,
      number: port.containerPort,
      protocol: port.protocol,
      image: imageName(image),
      init,
      meta: {
        ...of,
        __meta_kubernetes_pod_container_port_name: port.name,
        __meta_kubernetes_pod_container_port_number: String(port.containerPort),
        __meta_kubernetes_pod_container_port_protocol: port.protocol,
      },
    }))
  })
  const { namespace, name, labels, annotations } = metadata
  return {
    host: bracketed(status.podIP),
    ports,
    labels,
    annotations,
    phase: status.phase,
    meta: podMeta(pod),
    place: known({ namespace, pod: name, node: spec.nodeName }),
  }
}

export function thingOfService({ metadata, spec }: Service): Thing {
  const { namespace, name, labels, annotations } = metadata
  return {
    host: `${name}.${namespace}.svc`,
    ports: (spec.ports ?? []).map((port) => ({
      name: port.name,
      number: port.port,
      protocol: port.protocol,
      image: '',
      init: false,
      meta: {
        __meta_kubernetes_service_port_name: port.name,
        __meta_kubernetes_service_port_number: String(port.port),
        __meta_kubernetes_service_port_protocol: port.protocol,
      },
    })),
    labels,
    annotations,
    phase: '',
    meta: serviceMeta({ metadata, spec }),
    place: known({ namespace, service: name }),
  }
}

/** One per address; with what is known of its pod and service. */
export function thingsOfSlice(
  slice: EndpointSlice,
  podOf: (namespace: string, name: string) => Pod | undefined,
  serviceOf: (namespace: string, name: string) => Service | undefined,
): Thing[] {
  const { metadata, addressType } = slice
  const { namespace, name } = metadata
  const serviceName = metadata.labels['kubernetes.io/service-name'] ?? ''
  const service = serviceOf(namespace, serviceName)
  return (slice.endpoints ?? []).flatMap((endpoint) =>
    (endpoint.addresses ?? []).map((address): Thing => {
      const { targetRef, conditions } = endpoint
      const pod = targetRef?.kind === 'Pod' ? podOf(targetRef.namespace || namespace, targetRef.name) : undefined
      const node = endpoint.nodeName ?? pod?.spec.nodeName ?? ''
      const condition = (is: boolean | null | undefined) => (is === null || is === undefined ? '' : String(is))
      return {
        host: bracketed(address),
        ports: (slice.ports ?? []).flatMap(({ name: portName, port, protocol }): Port[] =>
          port === null || port === undefined
            ? []
            : [
                {
                  name: portName ?? '',
                  number: port,
                  protocol: protocol ?? 'TCP',
                  image: imageOfPort(pod, port),
                  init: false,
                  meta: {
                    __meta_kubernetes_endpointslice_port: String(port),
                    __meta_kubernetes_endpointslice_port_name: portName ?? '',
                    __meta_kubernetes_endpointslice_port_protocol: protocol ?? 'TCP',
                  },
                },
              ],
        ),
        labels: { ...service?.metadata.labels, ...pod?.metadata.labels },
        annotations: { ...service?.metadata.annotations, ...pod?.metadata.annotations },
        phase: pod?.status.phase ?? '',
        meta: {
          ...(service && serviceMeta(service)),
          ...(pod && podMeta(pod)),
          __meta_kubernetes_namespace: namespace,
          __meta_kubernetes_endpointslice_name: name,
          __meta_kubernetes_endpointslice_address_type: addressType,
          __meta_kubernetes_endpointslice_address_target_kind: targetRef?.kind ?? '',
          __meta_kubernetes_endpointslice_address_target_name: targetRef?.name ?? '',
          __meta_kubernetes_endpointslice_endpoint_conditions_ready: condition(conditions?.ready),
          __meta_kubernetes_endpointslice_endpoint_conditions_serving: condition(conditions?.serving),
          __meta_kubernetes_endpointslice_endpoint_conditions_terminating: condition(conditions?.terminating),
          __meta_kubernetes_endpointslice_endpoint_hostname: endpoint.hostname ?? '',
          __meta_kubernetes_endpointslice_endpoint_node_name: endpoint.nodeName ?? '',
          ...mapped('endpointslice', metadata),
        },
        place: known({ namespace, pod: pod?.metadata.name ?? '', node, service: serviceName }),
      }
    }),
  )
}

function podMeta({ metadata, spec, status }: Pod): LabelSet {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true)
  return {
    __meta_kubernetes_namespace: metadata.namespace,
    __meta_kubernetes_pod_name: metadata.name,
    __meta_kubernetes_pod_ip: status.podIP,
    __meta_kubernetes_pod_uid: metadata.uid,
    __meta_kubernetes_pod_node_name: spec.nodeName,
    __meta_kubernetes_pod_host_ip: status.hostIP,
    __meta_kubernetes_pod_phase: status.phase,
    __meta_kubernetes_pod_ready: (
      status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown'
    ).toLowerCase(),
    __meta_kubernetes_pod_controller_kind: controller?.kind ?? '',
    __meta_kubernetes_pod_controller_name: controller?.name ?? '',
    [gpuLabel]: gpusOf(spec.containers),
    ...mapped('pod', metadata),
  }
}

/** How many GPUs or slices of one it asks for; empty when none. */
function gpusOf(containers: Pod['spec']['containers']): string {
  const asked = containers.flatMap(({ resources }) =>
    Object.entries(resources?.limits ?? {}).flatMap(([name, count]) =>
      /^(nvidia\.com\/(gpu|mig-)|amd\.com\/gpu|gpu\.intel\.com\/)/.test(name) ? [Number(count)] : [],
    ),
  )
  const sum = asked.reduce((total, count) => total + (Number.isFinite(count) ? count : 0), 0)
  return sum > 0 ? String(sum) : ''
}

function serviceMeta({ metadata, spec }: Service): LabelSet {
  return {
    __meta_kubernetes_namespace: metadata.namespace,
    __meta_kubernetes_service_name: metadata.name,
    __meta_kubernetes_service_type: spec.type,
    __meta_kubernetes_service_cluster_ip: spec.clusterIP,
    __meta_kubernetes_service_external_name: spec.externalName,
    ...mapped('service', metadata),
  }
}

/** Labels and annotations under names that a label may have. */
function mapped(kind: string, { labels, annotations }: Pod['metadata']): LabelSet {
  const under = (what: string, values: Record<string, string>) =>
    Object.entries(values).flatMap(([name, value]) => {
      const safe = name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
      return [
        [`__meta_kubernetes_${kind}_${what}_${safe}`, value],
        [`__meta_kubernetes_${kind}_${what}present_${safe}`, 'true'],
      ]
    })
  return Object.fromEntries([...under('label', labels), ...under('annotation', annotations)]) as LabelSet
}

function imageOfPort(pod: Pod | undefined, port: number): string {
  const of = pod?.spec.containers.find(({ ports }) => ports?.some(({ containerPort }) => containerPort === port))
  return imageName(of?.image ?? '')
}

/** `registry:5000/vllm/vllm-openai:v0.9@sha256:…` → `registry:5000/vllm/vllm-openai`. */
function imageName(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
}

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)

const known = (labels: Record<string, string>): LabelSet =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
