import { useMemo } from 'react'
import { useSpendBy } from '../data/spend.ts'
import { PageProvider } from '../panels/page-context.tsx'
import { BudgetsPanel } from '../panels/cost/BudgetsPanel.tsx'
import { ChangePanel } from '../panels/cost/ChangePanel.tsx'
import { Chargeback } from '../panels/cost/Chargeback.tsx'
import { GroupsTable } from '../panels/cost/GroupsTable.tsx'
import { MonthPanel } from '../panels/cost/MonthPanel.tsx'
import { SpendByPanel } from '../panels/cost/SpendByPanel.tsx'
import { SpendNumbers } from '../panels/cost/SpendNumbers.tsx'
import { Panels } from '../panels/Panels.tsx'

/** What is spent, on what, why it changed, and whether the budget holds. */
export default function Cost() {
  const groups = useSpendBy().data?.groups
  const names = useMemo(() => [(groups ?? []).map(({ value }) => value).filter((value) => value !== '')], [groups])
  return (
    <PageProvider names={names}>
      <SpendNumbers />
      <Panels>
        <SpendByPanel />
        <MonthPanel />
        <ChangePanel />
        <BudgetsPanel />
        <GroupsTable />
      </Panels>
      <div className="page-actions">
        <Chargeback />
      </div>
    </PageProvider>
  )
}
