/** Keys made and taken back while the proxy runs: what is kept of them, and that they hold at once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Refused } from '../../../records/refused.ts'
import { smallDisk } from '../../../test/support/small-disk.ts'
import { IssueLog } from '../../issues.ts'
import { virtualKeys } from './config.ts'
import { createKeyDesk } from './desk.ts'
import { createKeys, isRefusal, type Keys } from './index.ts'
import { hashOf } from './ring.ts'

let dataDir = ''
let keys: Keys
const logged: string[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-keys-'))
  keys = createKeys({ config, dataDir, issues: new IssueLog(), clock: () => now })
})
afterEach(async () => {
  await keys.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const now = Date.UTC(2026, 10, 26, 22)
const config = {
  keys: virtualKeys.parse([{ name: 'fixed', hash: hashOf('iw-fixed') }]),
  require_key: true,
  api_keys: [],
}
const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) })
const desk = () =>
  createKeyDesk({
    context: () => ({ proxy: config, endpoints: [{ name: 'gpt' }], data_dir: dataDir }),
    log,
    clock: () => now,
    onChange: () => keys.reload(config),
  })
const present = (secret: string) => {
  const found = keys.present({ rawHeaders: ['authorization', `Bearer ${secret}`] }, null)
  return found === null ? 'none' : isRefusal(found) ? found.code : found.key.name
}
const refusal = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  return null
}

test('a key holds at once, and is refused at once when it is taken back; only its hash was kept', () => {
  const { secret } = desk().create({ name: 'search', team: 'search', usd_per_month: 5, by: 'Ada' })
  expect(present(secret)).toBe('search')
  const kept = readFileSync(join(dataDir, 'proxy', 'keys.json'), 'utf8')
  expect(kept).not.toContain(secret)
  expect(JSON.parse(kept)).toMatchObject({ keys: [{ name: 'search', created_by: 'Ada' }] })
  desk().revoke('search', 'Bob')
  expect(present(secret)).toBe('key_revoked')
  expect(logged.join('')).toMatch(/"key":"search","by":"Ada".*"by":"Bob"/s)
  expect(logged.join('')).not.toContain(secret)
})

test('the list has those of the file with their place, and no hash', () => {
  desk().create({ name: 'search', endpoints: ['gpt'], expires: '90d', by: 'Ada' })
  const list = desk().list()
  expect(list).toMatchObject([
    { name: 'fixed', key: 'proxy.keys[0]', state: 'active', created_at: null, endpoints: null },
    { name: 'search', key: null, created_at: now, created_by: 'Ada', expires_at: now + 90 * 86_400_000 },
  ])
  expect(JSON.stringify(list)).not.toMatch(/sha256|[0-9a-f]{32}/)
})

test.each([
  [{ name: 'fixed' }, 'name', 'conflict', 'there is a key "fixed" already: revoke it first'],
  [{ name: 'a', endpoints: ['gtp'] }, 'endpoints', 'invalid', 'there is no endpoint "gtp"; there is gpt'],
  [{ name: 'a', expires: '99999999999999d' }, 'expires', 'invalid', expect.stringContaining('too far')],
  [{ name: 'a', expires: 'soon' }, 'expires', 'invalid', expect.stringContaining('expected a date')],
  [{ name: 'a', usd_per_month: -1 }, 'usd_per_month', 'invalid', expect.stringContaining('Too small')],
])('refused: %j', (input, field, why, message) => {
  expect(refusal(() => desk().create({ by: 'Ada', ...input }))).toMatchObject({ field, why, message })
  expect(desk().list()).toHaveLength(1)
})

test('one of the file cannot be revoked here, and a file that is broken stays', () => {
  expect(refusal(() => desk().revoke('fixed', 'Ada'))).toMatchObject({ field: 'name', why: 'conflict' })
  expect(refusal(() => desk().revoke('nobodys', 'Ada'))).toMatchObject({ why: 'missing' })
  desk().create({ name: 'search', by: '' })
  writeFileSync(join(dataDir, 'proxy', 'keys.json'), '{ "hunter2"')
  expect(refusal(() => desk().create({ name: 'b', by: '' }))?.message).toMatch(/is no list of keys(?!.*hunter2)/)
})

test('a full disk is said so, the keys stay, and with room they change', ({ skip }) => {
  const disk = smallDisk({}, '64k', 'none')
  if (!disk) {
    skip('only a user who may mount a file system can make a small disk')
    return
  }
  const data_dir = join(disk.folder, 'data')
  const context = () => ({ proxy: config, endpoints: [], data_dir })
  const onDisk = createKeyDesk({ context, log, clock: () => now, onChange: () => undefined })
  try {
    onDisk.create({ name: 'search', by: '' })
    disk.fill(0)
    expect(refusal(() => onDisk.revoke('search', ''))?.message).toMatch(/\(ENOSPC\): make room on its disk$/)
    expect(onDisk.list()).toMatchObject([{ name: 'fixed' }, { name: 'search', state: 'active' }])
    disk.makeRoom()
    onDisk.revoke('search', '')
    expect(onDisk.list()).toMatchObject([{ name: 'fixed' }, { name: 'search', state: 'revoked' }])
  } finally {
    disk.remove()
  }
})
