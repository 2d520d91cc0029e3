/** What keys used, over restarts, damage and disks that take nothing. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { IssueLog } from '../../issues.ts'
import { virtualKey, type VirtualKey } from './config.ts'
import { isRefusal } from './index.ts'
import { Journal, readJournal } from './journal.ts'
import { Spending, spendingDir } from './spending.ts'
import type { KeyUse } from './use.ts'

let dataDir = ''
let issues = new IssueLog()
const opened: Spending[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-keys-'))
  issues = new IssueLog()
})
afterEach(async () => {
  for (const spending of opened.splice(0)) await spending.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

let now = 0
beforeEach(() => (now = Date.parse('2026-11-26T22:06:00Z')))

/** As after a start: whoever had it open before was killed. */
function open(): Spending {
  const spending = new Spending({ dataDir, issues, clock: () => now })
  opened.push(spending)
  return spending
}

const keyWith = (limits: object, name = 'search'): VirtualKey =>
  virtualKey.parse({ name, hash: `sha256:${'0'.repeat(64)}`, limits })
const all = keyWith({ requests_per_minute: 5, tokens_per_day: 1_000, usd_per_month: 1 })

function begun(spending: Spending, key = all): KeyUse {
  const use = spending.begin(key)
  if (isRefusal(use)) throw new Error(use.message)
  return use
}

const request = (parts: Partial<LlmRequest>): LlmRequest =>
  Object.assign(emptyRequest(), { model: 'gpt-4o', endpoint: 'gpt', http_status: 200 }, parts)
const priced = request({ input_tokens: 90, output_tokens: 10, cost_usd: 0.1 })

const codeOf = (found: object) => (isRefusal(found) ? found.code : 'begun')

describe('a key', () => {
  test('is refused at its limit of requests until the next minute', () => {
    const spending = open()
    for (let i = 0; i < 5; i++) begun(spending)
    expect(codeOf(spending.begin(all))).toBe('requests_exhausted')
    now += 59_999
    expect(codeOf(spending.begin(all))).toBe('requests_exhausted')
    now += 1
    expect(codeOf(spending.begin(all))).toBe('begun')
  })

  test('is refused once its tokens are used, and calls under way go on and count', () => {
    const spending = open()
    const [first, second] = [begun(spending), begun(spending)]
    first.settle(request({ input_tokens: 999, output_tokens: 0, cost_usd: 0 }))
    expect(codeOf(spending.begin(all))).toBe('begun')
    second.settle(request({ input_tokens: 400, output_tokens: 100, cost_usd: 0 }))
    expect(spending.used('search').tokens).toBe(1_499)
    expect(codeOf(spending.begin(all))).toBe('tokens_exhausted')
    now = Date.parse('2026-11-27T00:00:00Z')
    expect(codeOf(spending.begin(all))).toBe('begun')
  })

  test('is charged when its call began, whenever that ended', () => {
    now = Date.parse('2026-11-30T23:59:59Z')
    const spending = open()
    const use = begun(spending)
    now = Date.parse('2026-12-01T00:00:05Z')
    use.settle(priced)
    expect(spending.used('search')).toEqual({ requests: 0, tokens: 0, usd: 0 })
    now = Date.parse('2026-11-30T23:59:59Z')
    expect(spending.used('search')).toEqual({ requests: 1, tokens: 100, usd: 0.1 })
  })

  test('is charged once for a call', () => {
    const spending = open()
    const use = begun(spending)
    use.settle(priced)
    use.settle(priced)
    use.settleUnread(true)
    expect(spending.used('search').usd).toBe(0.1)
    expect(issues.counts()).toEqual({})
  })

  test('is refused at its very last cent, however many calls it took', () => {
    const spending = open()
    const cents = keyWith({ usd_per_month: 1 })
    for (let i = 0; i < 100; i++) begun(spending, cents).settle(request({ cost_usd: 0.01, input_tokens: 1 }))
    expect(codeOf(spending.begin(cents))).toBe('usd_exhausted')
    expect(open().used('search').usd).toBe(1)
  })

  test('without limits is counted all the same, for limits that come later', () => {
    const spending = open()
    for (let i = 0; i < 7; i++) begun(spending, keyWith({})).settle(priced)
    expect(spending.used('search')).toMatchObject({ tokens: 700 })
    expect(codeOf(open().begin(keyWith({ tokens_per_day: 700 })))).toBe('tokens_exhausted')
  })
})

describe('what is not known', () => {
  const both = 'proxy key_spending_unknown'
  test.each<[string, VirtualKey, (use: KeyUse) => void, number]>([
    ['a call without a price', all, (use) => use.settle(request({ input_tokens: 1, output_tokens: 1 })), 1],
    ['a call without tokens', all, (use) => use.settle(request({ cost_usd: 1 })), 1],
    ['a call that was not recorded', all, (use) => use.settle(null), 1],
    ['a call of another API', all, (use) => use.settleUnread(true), 1],
    ['a call that only reads', all, (use) => use.settleUnread(false), 0],
    ['a call that failed', all, (use) => use.settle(request({ http_status: 500 })), 0],
    [
      'a call that nobody got',
      all,
      (use) => use.settle(request({ http_status: null, error_type: 'upstream_unreachable' })),
      0,
    ],
    [
      'a call that the proxy refused',
      all,
      (use) => use.settle(request({ http_status: null, error_type: 'refused' })),
      0,
    ],
    ['a call that broke off before its answer', all, (use) => use.settle(request({ http_status: null })), 1],
    ['a cost below nothing', all, (use) => use.settle(request({ input_tokens: 1, cost_usd: -1 })), 1],
    ['a cost that is no number', all, (use) => use.settle(request({ input_tokens: 1, cost_usd: NaN })), 1],
    ['an embedding', all, (use) => use.settle(request({ input_tokens: 8, cost_usd: 0.01 })), 0],
    [
      'a cost that no limit is on',
      keyWith({ tokens_per_day: 9 }),
      (use) => use.settle(request({ input_tokens: 1 })),
      0,
    ],
    ['what no limit is on', keyWith({ requests_per_minute: 9 }), (use) => use.settle(null), 0],
  ])('%s', (_, key, settle, count) => {
    settle(begun(open(), key))
    expect(issues.counts()[both] ?? 0).toBe(count)
  })

  test('a call that nothing settled within a minute of its end', () => {
    vi.useFakeTimers()
    try {
      const spending = open()
      begun(spending).ended()
      begun(spending)
      now += 59_999
      vi.advanceTimersByTime(10_000)
      expect(issues.counts()).toEqual({})
      now += 1
      vi.advanceTimersByTime(10_000)
      expect(issues.counts()).toEqual({ [both]: 1 })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a restart', () => {
  test('neither forgets nor doubles, killed or stopped, as often as it may be', async () => {
    for (let round = 0; round < 6; round++) {
      const spending = open()
      expect(spending.used('search')).toEqual({ requests: round, tokens: round * 100, usd: round / 10 })
      if (round < 5) begun(spending).settle(priced)
      if (round % 2 === 0) await spending.stop()
    }
    expect(codeOf(open().begin(all))).toBe('requests_exhausted')
    expect(issues.counts()).toEqual({})
  })

  test('counts calls under way as unknown, once', () => {
    const spending = open()
    begun(spending).settle(priced)
    begun(spending)
    begun(spending)
    expect(open().used('search')).toEqual({ requests: 3, tokens: 100, usd: 0.1 })
    expect(issues.counts()).toEqual({ 'proxy key_spending_unknown': 2 })
    open()
    expect(issues.counts()).toEqual({ 'proxy key_spending_unknown': 2 })
  })

  test('keeps what other keys used, and forgets months that are over', async () => {
    const spending = open()
    begun(spending).settle(priced)
    begun(spending, keyWith({}, 'batch')).settle(priced)
    await spending.stop()
    expect(open().used('batch').tokens).toBe(100)
    now = Date.parse('2027-02-01T00:00:00Z')
    open()
    expect(readJournal(spendingDir(dataDir)).entries).toEqual([])
  })
})

describe('the journal', () => {
  const onproblem = vi.fn<(reason: string) => void>()
  const dir = () => spendingDir(dataDir)
  const lines = () => readJournal<number>(dir()).entries
  const journalOf = (entries: number[], options = {}) =>
    new Journal<number>(
      { dir: dir(), summary: () => [...entries], onproblem, ...options },
      readJournal(dir()).generation,
    )

  test('a line that was cut short is left out, and those after it are read', async () => {
    const journal = journalOf([1])
    journal.append(2)
    await journal.stop()
    const [file = ''] = readdirSync(dir())
    appendFileSync(join(dir(), file), readFileSync(join(dir(), file), 'utf8').split('\n')[1]?.slice(0, 9) ?? '')
    expect(readJournal(dir())).toMatchObject({ entries: [1, 2], damaged: 1 })
    await journalOf([1, 2]).stop()
    expect(readJournal(dir())).toMatchObject({ entries: [1, 2], damaged: 0 })
  })

  test('a generation whose beginning is cut short is none', async () => {
    const journal = journalOf([1])
    journal.append(2)
    await journal.stop()
    const { generation } = readJournal(dir())
    const path = join(dir(), `${generation + 1}.log`)
    for (const part of ['', readFileSync(join(dir(), `${generation}.log`), 'utf8').slice(0, 11)]) {
      writeFileSync(path, part)
      expect(lines()).toEqual([1, 2])
    }
    // The next goes above it.
    await journalOf([1, 2]).stop()
    expect(readdirSync(dir())).toEqual([`${generation + 2}.log`])
  })

  test('a large one is replaced by what it amounts to, and the old file goes once the new one is safe', async () => {
    const entries: number[] = []
    const journal = journalOf(entries, { maxBytes: 500, syncMs: 5 })
    for (let i = 0; i < 200; i++) {
      entries.push(i)
      journal.append(i)
    }
    expect(lines()).toEqual(entries)
    await expect.poll(() => readdirSync(dir())).toHaveLength(1)
    await journal.stop()
    expect(lines()).toEqual(entries)
  })

  test('a directory that cannot be written: calls pass, it is told, and all is there once it can', async () => {
    mkdirSync(join(dataDir, 'proxy'))
    writeFileSync(dir(), 'a file in its place')
    const spending = open()
    for (let i = 0; i < 3; i++) begun(spending).settle(priced)
    expect(spending.used('search').tokens).toBe(300)
    expect(issues.counts()['proxy key_spending_not_stored']).toBeGreaterThan(0)
    rmSync(dir())
    await expect.poll(lines).not.toEqual([])
    expect(open().used('search')).toMatchObject({ requests: 3, tokens: 300 })
  })

  test('one that cannot be read is told, and calls pass', () => {
    mkdirSync(join(dir(), '1.log'), { recursive: true })
    expect(codeOf(open().begin(all))).toBe('begun')
    expect(issues.counts()['proxy key_spending_damaged']).toBe(1)
  })
})
