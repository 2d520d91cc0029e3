/** What a column of a result is, as far as showing it goes. */
export type ColumnKind = 'number' | 'time' | 'text' | 'other'

/** Of a type as ClickHouse spells it. */
export function kindOf(type: string): ColumnKind {
  const plain = type.replaceAll(/(LowCardinality|Nullable|SimpleAggregateFunction)\((\w+, )?/g, '')
  if (/^(U?Int\d|Float|BFloat|Decimal)/.test(plain)) return 'number'
  if (plain.startsWith('Date')) return 'time'
  return /^(String|FixedString|Enum|UUID|IPv|Bool)/.test(plain) ? 'text' : 'other'
}
