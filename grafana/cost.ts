/** The dashboard "LLM cost": who spends how much on what. Reads the rollup of an hour: thirty days at once. */
import { lines, rowsOf, stats, traceLink, type DashboardSpec } from './panels.ts'
import { chosen, distinct, firstRows, inAll, long, overTime, ranked, within, type Question } from './sql.ts'

const columns = ['environment', 'team', 'model', 'provider'] as const
const where = within(...columns)
/** A key that vanished from its hour leaves a row of zeros. */
const hours = `${where} AND requests > 0`
const interval = { interval: '1h', stacked: true } as const

/** A sum in a rollup is 0 when nothing was priced: that is unknown. */
const known = (column: string) => `if(sum(priced) = 0, NULL, toFloat64(sum(${column})))`
const perDay = { usd_per_day: `${known('cost_usd')} * 86400 / $__interval_s` }

const total = (values: Record<string, string>) => inAll({ from: 'requests_1h', where: hours, values })
const spendBy = (column: string) =>
  overTime({ from: 'requests_1h', where: hours, by: { [column]: column }, values: perDay })
const spendRows = (column: string) =>
  ranked({
    from: 'requests_1h',
    where: hours,
    by: { [column]: column },
    values: {
      spend_usd: known('cost_usd'),
      calls: 'sum(requests)',
      without_price: 'sum(unpriced)',
      tokens_in: 'sum(input_tokens)',
      tokens_out: 'sum(output_tokens)',
      saved_usd: known('cache_savings_usd'),
    },
    order: 'spend_usd',
  })

/** From two days on, and where nothing is chosen that the rollup of users does not keep apart: whole days. */
const byDay = long + ['model', 'provider'].map((name) => ` AND $__conditionalAll(1=0, $${name})`).join('')
const userWhere = ['environment', 'team'].map((name) => chosen(name, name)).join(' AND ')
const spendOfUsers: Question = {
  sql: `SELECT user_id,
  if(sum(priced) = 0, NULL, toFloat64(sum(dollars))) AS spend_usd,
  sum(counted) AS calls,
  sum(counted - priced) AS without_price,
  sum(tokens_read) AS tokens_in,
  sum(tokens_generated) AS tokens_out
FROM (
  SELECT user_id, requests AS counted, priced, cost_usd AS dollars, input_tokens AS tokens_read, output_tokens AS tokens_generated
  FROM users_1d
  WHERE ${byDay} AND timestamp >= toStartOfDay($__fromTime, 'UTC') AND timestamp <= $__toTime AND ${userWhere} AND requests > 0
  UNION ALL
  SELECT user_id, count(), count(cost_usd), toDecimal128(sum(ifNull(cost_usd, 0)), 12), sum(ifNull(input_tokens, 0)), sum(ifNull(output_tokens, 0))
  FROM requests
  WHERE NOT (${byDay} ) AND ${where}
  GROUP BY user_id
)
GROUP BY user_id
ORDER BY spend_usd DESC
LIMIT 100`,
  columns: {
    user_id: 'text',
    spend_usd: 'number',
    calls: 'number',
    without_price: 'number',
    tokens_in: 'number',
    tokens_out: 'number',
  },
}
const dollars = { spend_usd: 'currencyUSD', saved_usd: 'currencyUSD' }

export const cost: DashboardSpec = {
  uid: 'inferwatch-cost',
  title: 'LLM cost',
  description: 'Spend by model, provider, team, feature and user; what caching saved; what has no price',
  from: 'now-30d',
  page: { title: 'Overview in Inferwatch', url: '${inferwatch:raw}/' },
  variables: columns.map((name) => ({
    name,
    label: name.charAt(0).toUpperCase() + name.slice(1),
    sql: distinct(name, 'requests_1h'),
  })),
  rows: [
    {
      title: 'In all',
      panels: [
        stats('Spend', 'Of the requests whose price is known', 'currencyUSD', total({ spend_usd: known('cost_usd') })),
        stats(
          'Spend in 30 days at this rate',
          'The spend of the time range, as if it went on',
          'currencyUSD',
          total({
            usd: `${known('cost_usd')} * 2592000 / nullIf(dateDiff('second', min(timestamp), max(timestamp)) + 3600, 0)`,
          }),
        ),
        stats(
          'Cost of a request',
          'Mean over the requests whose price is known',
          'currencyUSD',
          total({ usd: 'toFloat64(sum(cost_usd)) / nullIf(sum(priced), 0)' }),
        ),
        stats(
          'Saved by prompt caching',
          'Against the uncached rate; below 0 where writing the cache cost more',
          'currencyUSD',
          total({ saved_usd: known('cache_savings_usd') }),
        ),
        stats(
          'Requests without a price',
          'Their cost is unknown and in no sum: add prices.overrides',
          'short',
          total({ without_price: 'sum(unpriced)' }),
        ),
        stats(
          'Spent on output',
          'Share of the cost that generated tokens make',
          'percentunit',
          total({ output_ratio: 'toFloat64(sum(output_cost_usd)) / nullIf(toFloat64(sum(cost_usd)), 0)' }),
        ),
      ],
    },
    {
      title: 'Over time',
      panels: [
        lines('Spend per day by model', 'As a rate: dollars per day', 'currencyUSD', spendBy('model'), interval),
        lines('Spend per day by team', 'As a rate: dollars per day', 'currencyUSD', spendBy('team'), interval),
        lines('Spend per day by feature', 'As a rate: dollars per day', 'currencyUSD', spendBy('feature'), interval),
        lines('Spend per day by provider', 'As a rate: dollars per day', 'currencyUSD', spendBy('provider'), interval),
        lines(
          'Cost of a million output tokens',
          'All that a model cost, for the tokens that it generated: dearer when prompts grow',
          'currencyUSD',
          overTime({
            from: 'requests_1h',
            where: hours,
            by: { model: 'model' },
            values: { usd: `${known('cost_usd')} * 1e6 / nullIf(sum(output_tokens), 0)` },
          }),
          { interval: '1h' },
        ),
        lines(
          'Spend on calls that did not end well',
          'Failed, cancelled or filtered; dollars per hour, from single requests',
          'currencyUSD',
          overTime({
            from: 'requests',
            where: `${where} AND status != 'ok'`,
            by: { status: 'status' },
            values: { usd_per_hour: 'toFloat64(sum(cost_usd)) * 3600 / $__interval_s' },
          }),
          interval,
        ),
      ],
    },
    {
      title: 'Who and what',
      panels: [
        rowsOf('Models', 'Most expensive first', spendRows('model'), { units: dollars, width: 12 }),
        rowsOf('Teams', 'Most expensive first', spendRows('team'), { units: dollars, width: 12 }),
        rowsOf('Features', 'Most expensive first', spendRows('feature'), { units: dollars, width: 12 }),
        rowsOf('Users', 'Most expensive first; whole days in ranges of two days and more', spendOfUsers, {
          units: { spend_usd: 'currencyUSD' },
          width: 12,
        }),
        rowsOf(
          'Most expensive requests',
          'The trace shows what was asked',
          {
            sql: firstRows({
              select:
                'timestamp AS time, model, team, feature, user_id, input_tokens, output_tokens,\n' +
                '  toFloat64(cost_usd) AS spend_usd, trace_id, span_id',
              where,
              and: 'cost_usd IS NOT NULL',
              order: 'cost_usd',
              highest: 'cost_usd_max',
            }),
            columns: {
              time: 'time',
              model: 'text',
              team: 'text',
              feature: 'text',
              user_id: 'text',
              input_tokens: 'number',
              output_tokens: 'number',
              spend_usd: 'number',
              trace_id: 'text',
              span_id: 'text',
            },
          },
          { units: { time: 'dateTimeAsIso', spend_usd: 'currencyUSD' }, links: { trace_id: traceLink } },
        ),
      ],
    },
  ],
}
