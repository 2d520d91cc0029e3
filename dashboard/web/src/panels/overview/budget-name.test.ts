import { expect, test } from 'vitest'
import { budgetName } from './budget-name.ts'

test('budgets of one rule differ in what is read first, the rest may be cut', () => {
  expect(budgetName('TeamBudget', { team: 'search' })).toEqual(['team=search', 'TeamBudget'])
  expect(budgetName('TeamBudget', { team: '' })).toEqual(['no team', 'TeamBudget'])
  expect(budgetName('Daily', {})).toEqual(['Daily', ''])
})
