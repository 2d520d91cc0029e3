/** Which spans of a trace are folded, as the address has it: those that it names, or all but those. Pure. */

/** In front of the spans that are not. */
const all = 'all'
/** An address holds no more. Beyond, the one that was named first is forgotten. */
export const mostNamed = 100

/** Ids as clients write them, and `all`. */
const pattern = /^[\w.:-]{1,64}$/

export function parseFolded(text: string | null): string[] | undefined {
  const named = text?.split(',') ?? []
  return named.length > 0 && named.length <= mostNamed + 1 && named.every((id) => pattern.test(id)) ? named : undefined
}

/** The spans that are folded, of those that have any below. */
export function foldedOf(named: readonly string[], parents: readonly string[]): ReadonlySet<string> {
  const [ids, fold] = [new Set(named), named[0] !== all]
  return new Set(parents.filter((id) => ids.has(id) === fold))
}

/** The same with every one of them folded. */
export const allFolded: readonly string[] = [all]

/** The same with one folded or open, as `fold` says; the other way round unless it does. */
export function withFolded(named: readonly string[], id: string, fold?: boolean): string[] {
  const [head, ids] = named[0] === all ? [[all], named.slice(1)] : [[], named]
  const isNamed = ids.includes(id)
  const name = fold === undefined ? !isNamed : fold === (head.length === 0)
  if (!name) return [...head, ...ids.filter((one) => one !== id)]
  return isNamed ? [...named] : [...head, ...[...ids, id].slice(-mostNamed)]
}
