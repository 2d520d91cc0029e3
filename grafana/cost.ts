/** The dashboard "LLM cost": who spends how much on what. Reads the rollup of an hour: thirty days at once. */
import { lines, rowsOf, stats, traceLink, type DashboardSpec } from './panels.ts'
import { distinct, inAll, overTime, ranked, within } from './sql.ts'

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
const spendRows = (column: string, from: 'requests' | 'requests_1h') => {
  const raw = from === 'requests'
  return ranked({
    from,
    where: raw ? where : hours,
    by: { [column]: column },
    values: {
      spend_usd: raw ? 'toFloat64(sum(cost_usd))' : known('cost_usd'),
      calls: raw ? 'count()' : 'sum(requests)',
      without_price: raw ? 'countIf(cost_usd IS NULL)' : 'sum(unpriced)',
      tokens_in: 'sum(input_tokens)',
      tokens_out: 'sum(output_tokens)',
      saved_usd: raw ? 'toFloat64(sum(cache_savings_usd))' : known('cache_savings_usd'),
    },
    order: 'spend_usd',
  })
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
        rowsOf('Models', 'Most expensive first', spendRows('model', 'requests_1h'), { units: dollars, width: 12 }),
        rowsOf('Teams', 'Most expensive first', spendRows('team', 'requests_1h'), { units: dollars, width: 12 }),
        rowsOf('Features', 'Most expensive first', spendRows('feature', 'requests_1h'), { units: dollars, width: 12 }),
        rowsOf('Users', 'Most expensive first; from single requests', spendRows('user_id', 'requests'), {
          units: dollars,
          width: 12,
        }),
        rowsOf(
          'Most expensive requests',
          'The trace shows what was asked',
          {
            sql:
              'SELECT timestamp AS time, model, team, feature, user_id, input_tokens, output_tokens,\n' +
              `  toFloat64(cost_usd) AS spend_usd, trace_id, span_id\nFROM requests\nWHERE ${where} AND cost_usd IS NOT NULL\n` +
              'ORDER BY cost_usd DESC\nLIMIT 50',
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
