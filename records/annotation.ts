/** A mark on time lines that somebody made: a deploy, a change, an incident; table `annotations`. Times are epoch milliseconds. */

export const annotationKinds = ['deploy', 'config', 'price', 'incident', 'note'] as const
export type AnnotationKind = (typeof annotationKinds)[number]

/** What a mark may be about; a mark without any of them is about everything. */
export const scopeLabels = [
  'model',
  'provider',
  'endpoint',
  'environment',
  'service',
  'team',
  'feature',
  'region',
  'instance',
  'host',
  'gpu',
] as const
export type ScopeLabel = (typeof scopeLabels)[number]

export interface Annotation {
  id: string
  timestamp: number
  /** Null for a moment. */
  end_timestamp: number | null
  kind: AnnotationKind
  /** One line. */
  title: string
  /** More of it. */
  text: string
  /** By scope labels; marks of programs may have others. */
  labels: Record<string, string>
  /** http or https; empty for none. */
  url: string
  /** Whom or what it comes from, as they said. */
  created_by: string
}
