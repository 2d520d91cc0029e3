/** Service tiers as clients and vendors write them. */

/** Words for being served as usual, at the list price. `auto` leaves the choice to the project, whose usual one is this. */
const usual = new Set(['', 'standard', 'default', 'auto', 'scale', 'on_demand', 'ondemand', 'standard_only'])

/** `batch`, `flex`, `priority` or the vendor's own word, in small letters; `standard` for the usual price. */
export function pricedTier(serviceTier: string): string {
  const tier = serviceTier.trim().toLowerCase().replaceAll('-', '_')
  return usual.has(tier) ? 'standard' : tier
}
