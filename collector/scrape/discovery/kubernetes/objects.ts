/** What is kept of the API's objects: a pod's whole manifest is ten times as large. */
import { z } from 'zod'

const strings = z.record(z.string(), z.string()).nullish()

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  labels: strings.transform((given) => given ?? {}),
  annotations: strings.transform((given) => {
    // Whole manifests, with whatever stands in their environment.
    const { 'kubectl.kubernetes.io/last-applied-configuration': _manifest, ...kept } = given ?? {}
    return kept
  }),
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
    .nullish(),
})

const container = z.object({
  name: z.string().default(''),
  image: z.string().default(''),
  resources: z.object({ limits: z.record(z.string(), z.unknown()).nullish() }).nullish(),
  ports: z
    .array(z.object({ name: z.string().default(''), containerPort: z.number(), protocol: z.string().default('TCP') }))
    .nullish(),
})

export const pod = z.object({
  metadata,
  spec: z.object({
    nodeName: z.string().default(''),
    containers: z.array(container).default([]),
    initContainers: z.array(container).nullish(),
  }),
  status: z
    .object({
      podIP: z.string().default(''),
      hostIP: z.string().default(''),
      phase: z.string().default(''),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
    })
    .prefault({}),
})

export const service = z.object({
  metadata,
  spec: z.object({
    type: z.string().default('ClusterIP'),
    clusterIP: z.string().default(''),
    externalName: z.string().default(''),
    ports: z
      .array(z.object({ name: z.string().default(''), port: z.number(), protocol: z.string().default('TCP') }))
      .nullish(),
  }),
})

export const endpointSlice = z.object({
  metadata,
  addressType: z.string().default(''),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()).nullish(),
        conditions: z
          .object({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .nullish(),
        hostname: z.string().nullish(),
        nodeName: z.string().nullish(),
        targetRef: z
          .object({ kind: z.string().default(''), name: z.string().default(''), namespace: z.string().default('') })
          .nullish(),
      }),
    )
    .nullish(),
  ports: z
    .array(z.object({ name: z.string().nullish(), port: z.number().nullish(), protocol: z.string().nullish() }))
    .nullish(),
})

export type Pod = z.infer<typeof pod>
export type Service = z.infer<typeof service>
export type EndpointSlice = z.infer<typeof endpointSlice>
export type AnyObject = Pod | Service | EndpointSlice
