/** ClickHouse's SQL, as the editor reads it. */
import { SQLDialect } from '@codemirror/lang-sql'

/** What ClickHouse has beyond the standard, as far as colours go. */
export const clickhouse = SQLDialect.define({
  keywords:
    'select from where group by order having limit offset with as join left right inner full cross any all on and or not in between is null like ilike desc asc distinct case when then else end union intersect except interval day hour minute second month week year nulls first last explain describe show tables prewhere final sample settings format using array over partition rows totals cast exists',
  types: 'String UInt8 UInt16 UInt32 UInt64 Int64 Float64 Decimal Date DateTime DateTime64 Nullable Array Map Bool',
  identifierQuotes: '`"',
  backslashEscapes: true,
  hashComments: true,
})
