import { useSlos, type Slo, type SloGroup, type Slos } from '../../data/slos.ts'
import { LinePanel } from '../LinePanel.tsx'
import { Meter } from '../Meter.tsx'
import { PageProvider } from '../page-context.tsx'
import { Panel } from '../Panel.tsx'
import { formatCount, formatExact, formatExactly, formatRatio } from '../../lib/format.ts'
import { Table, type Column } from '../Table.tsx'
import { Burn } from './Burn.tsx'
import { budgetFrame, budgetLines, groupName, sloWord } from './slo-words.ts'
import { RuleLink } from './RuleLink.tsx'

/** What is left of each objective's error budget, how fast it is spent, and how it came to that. */
export function Objectives() {
  const asked = useSlos()
  const slos = asked.data?.slos ?? []
  return (
    <PageProvider names={slos.map(({ groups }) => groups.map(groupName))}>
      <Panel
        title="Objectives"
        hint="Rules of the kind slo: over their period so far, and over the four windows that alerts look at"
        asked={asked}
        height={200}
        wide
        renderEmpty={(data) =>
          data.slos.length === 0 ? <p>Objectives show once a rule file holds a rule of kind slo</p> : null
        }
        table={tableOf}
      >
        {(data) => (
          <Table
            label="Objectives"
            columns={columns}
            rows={rowsOf(data)}
            id={(row) => `${row.slo.group} ${row.slo.id} ${groupWord(row)}`}
          />
        )}
      </Panel>
      {slos
        .filter(({ groups }) => groups.length > 0)
        .map((slo) => (
          <Course key={`${slo.group} ${slo.id}`} slo={slo} asked={asked} />
        ))}
    </PageProvider>
  )
}

function Course({ slo, asked }: { slo: Slo; asked: ReturnType<typeof useSlos> }) {
  const current = ({ slos }: Slos) => slos.find(({ id, group }) => id === slo.id && group === slo.group) ?? slo
  return (
    <LinePanel
      title={`Budget left of ${slo.rule}`}
      hint={`${sloWord(slo.slo)}; 100 % when no request of the period was bad, below 0 % when more were than it allows`}
      asked={asked}
      frame={(data) => budgetFrame(current(data), data.now)}
      lines={(data) => budgetLines(current(data), data.now)}
      format={formatRatio}
      empty={<p>No requests that count in its period</p>}
    />
  )
}

interface Row {
  slo: Slo
  /** Null of an objective that no request of its period counts for. */
  group: SloGroup | null
}

const rowsOf = ({ slos }: Slos): Row[] =>
  slos.flatMap((slo) => (slo.groups.length > 0 ? slo.groups : [null]).map((group): Row => ({ slo, group })))

const groupWord = ({ group }: Row) => (group ? groupName(group) : 'no requests')

const tableOf = (data: Slos) => ({
  columns: ['objective', 'group', 'requests', 'bad', 'budget_left_ratio', 'burn'],
  rows: rowsOf(data).map((row) => [
    row.slo.rule,
    groupWord(row),
    row.group?.requests ?? null,
    row.group?.bad ?? null,
    row.group?.budget_left_ratio ?? null,
    row.group?.burn ?? null,
  ]),
})

const windowColumn = (index: number, head: string): Column<Row> => ({
  key: head,
  head,
  hint: `How many times faster than allowed the budget is spent over ${head}`,
  number: true,
  render: ({ group }) => <Burn window={group?.windows[index]} />,
  sort: ({ group }) => group?.windows[index]?.long_burn ?? null,
})

const columns: Column<Row>[] = [
  { key: 'rule', head: 'Objective', render: ({ slo }) => <RuleLink rule={slo} />, sort: ({ slo }) => slo.rule },
  { key: 'what', head: 'What', wide: true, render: ({ slo }) => <span className="dim">{sloWord(slo.slo)}</span> },
  { key: 'group', head: 'Of', render: (row) => <span className="slo-group">{groupWord(row)}</span> },
  {
    key: 'budget',
    head: 'Budget left',
    hint: 'Share of the bad requests that the period so far allows and that have not come yet',
    render: ({ group }) => (
      <Meter ratio={group?.budget_left_ratio ?? null} text={formatRatio(group?.budget_left_ratio)} />
    ),
    title: ({ group }) =>
      group ? `${formatExactly(Math.floor(group.bad_left), 'more bad request')} allowed` : 'No requests that count',
    sort: ({ group }) => group?.budget_left_ratio ?? null,
  },
  {
    key: 'good',
    head: 'Good',
    number: true,
    render: ({ group }) => formatRatio(group?.good_ratio),
    title: ({ group }) =>
      group ? `${formatExact(group.bad)} of ${formatExact(group.requests)} were bad` : 'No requests that count',
    sort: ({ group }) => group?.good_ratio ?? null,
  },
  {
    key: 'requests',
    head: 'Requests',
    number: true,
    wide: true,
    render: ({ group }) => formatCount(group?.requests ?? 0),
    sort: ({ group }) => group?.requests ?? 0,
  },
  windowColumn(0, '1 h'),
  windowColumn(1, '6 h'),
  windowColumn(2, '1 d'),
  windowColumn(3, '3 d'),
]
