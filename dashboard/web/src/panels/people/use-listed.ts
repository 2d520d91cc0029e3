/** The order and the place in a list that the server sorts, in the URL: `row` of the search is `order.offset`. */
import { useSearch } from '../../lib/use-search.ts'

export function useListed<Order extends string>(orders: readonly Order[], first: Order) {
  const [{ row }, change] = useSearch()
  const [, order = '', offset = ''] = /^([a-z0-9_]+)\.(\d{1,5})$/.exec(row ?? '') ?? []
  const known = orders.find((one) => one === order) ?? first
  const at = Math.min(Number(offset), 10_000)
  const go = (next: Order, to: number) =>
    change(({ row: _row, ...rest }) => (next === first && to === 0 ? rest : { ...rest, row: `${next}.${to}` }))
  return { order: known, offset: at, go }
}
