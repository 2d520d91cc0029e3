/** Something that changed, or that went on: what charts mark and the overview lists. */
import type { AnnotationKind } from './annotation.ts'

/** What people and programs marked, and what stored data tells by itself. */
export type ChangeKind = AnnotationKind | 'version' | 'restart' | 'alert'

export interface Change {
  /** The same for the same change, whenever it is asked for. */
  id: string
  kind: ChangeKind
  /** Epoch ms. */
  at: number
  /** Null for a moment; `now` for what still goes on. */
  until: number | 'now' | null
  /** One line. */
  title: string
  /** More of it; may be empty. */
  text: string
  /** What it concerns, by column of `requests`; empty for everything. */
  scope: Record<string, string>
  /** Of an alert, as its rule says; empty for none. */
  severity: string
  /** Path of a page of the dashboard, or an address of http or https; empty for none. */
  link: string
  /** Whom or what a mark comes from; empty where stored data tells it. */
  by: string
  /** Id of the annotation that it is, which can be taken back; null for what stored data tells. */
  annotation: string | null
}
