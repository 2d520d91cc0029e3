/** Texts in YAML: who writes `code: 500` means the text. */
import { z } from 'zod'

export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** By name: labels, annotations, what labels have to be. */
export const texts = z.record(z.string(), text)
