import { Button, Popover } from '@mantine/core'
import { IconFileInvoice } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import type { CostDimension } from '../../../../api/routes/spend.ts'
import { dimensions, dimensionWords, useChargeback } from '../../data/spend.ts'
import { csvOf, download } from '../../lib/table.ts'

const periods = ['day', 'week', 'month', 'quarter'] as const

/** The range's spend as lines of an invoice: by whom it is paid, per period, as CSV. */
export function Chargeback() {
  const [open, setOpen] = useState(false)
  const ask = useChargeback()
  const file = useMutation({
    mutationFn: async ({ by, period }: { by: CostDimension[]; period: string }) => {
      const { lines } = await ask(by, period)
      const columns = [
        'period',
        ...by,
        'requests',
        'requests_without_price',
        'input_tokens',
        'output_tokens',
        'cost_usd',
      ]
      const rows = lines.map(({ values, ...line }) =>
        [
          line.period,
          values,
          line.requests,
          line.unpriced,
          line.input_tokens,
          line.output_tokens,
          line.cost_usd,
        ].flat(),
      )
      download(`chargeback-${by.join('-')}-by-${period}.csv`, csvOf({ columns, rows }))
    },
    onSuccess: () => setOpen(false),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const by = dimensions.filter((dimension) => form.get(dimension) === 'on')
    file.mutate({ by, period: periods.find((known) => known === form.get('period')) ?? 'month' })
  }
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="control" aria-expanded={open} onClick={() => setOpen(!open)}>
          <IconFileInvoice size={15} stroke={1.7} aria-hidden />
          Chargeback
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <form className="popover-form" onSubmit={submit}>
          <fieldset className="chargeback-by">
            <legend>One line for each</legend>
            {dimensions.map((dimension) => (
              <label key={dimension}>
                <input
                  type="checkbox"
                  name={dimension}
                  defaultChecked={dimension === 'team' || dimension === 'model'}
                />
                {dimensionWords[dimension]}
              </label>
            ))}
          </fieldset>
          <label>
            Per
            <select name="period" defaultValue="month">
              {periods.map((period) => (
                <option key={period}>{period}</option>
              ))}
            </select>
          </label>
          {file.error && (
            <p role="alert" className="failure-text">
              {file.error.message}
            </p>
          )}
          <Button type="submit" size="xs" loading={file.isPending}>
            Download CSV
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
