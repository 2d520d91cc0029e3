/** A chart of the page's range: with the marks of what changed, and a place to make one. */
import { Menu } from '@mantine/core'
import { IconFlag } from '@tabler/icons-react'
import { TimeChart, type TimeChartProps } from '../charts/TimeChart.tsx'
import { useMarks } from '../data/changes.ts'
import { annotate, annotateHere } from '../lib/annotating.ts'
import { useSearch } from '../lib/use-search.ts'

export function MarkedChart(props: Omit<TimeChartProps, 'marks' | 'markProblem' | 'onAnnotate'>) {
  const { marks, problem } = useMarks()
  return <TimeChart {...props} marks={marks} markProblem={problem} onAnnotate={annotate} />
}

/** For the menu of a panel with such a chart: marks the time that the cursor last stood at. */
export function AnnotateItem() {
  const [search] = useSearch()
  return (
    <Menu.Item leftSection={<IconFlag size={15} />} onClick={() => annotateHere(search, Date.now())}>
      Annotate this time
    </Menu.Item>
  )
}
