/** Keys made, listed and revoked by command; and the file that they stand in. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { virtualKeys } from './config.ts'
import { type CreateFlags, keysCreate, keysList, keysRevoke } from './command.ts'
import { KeyFileError, readKeys } from './file.ts'
import { hashOf } from './ring.ts'

let data_dir = ''
beforeEach(() => (data_dir = mkdtempSync(join(tmpdir(), 'inferwatch-keys-'))))
afterEach(() => rmSync(data_dir, { recursive: true, force: true }))

const configured = virtualKeys.parse([{ name: 'fixed', hash: hashOf('iw-fixed') }])
const context = () => ({ proxy: { keys: configured }, endpoints: [{ name: 'gpt' }, { name: 'claude' }], data_dir })
const now = new Date('2026-11-26T22:06:00Z')
const create = (name: string, flags: CreateFlags = {}) => keysCreate(name, flags, context(), now)
const fileOf = () => join(data_dir, 'proxy', 'keys.json')

test('a key is printed once, and its hash is all that is kept', () => {
  const [secret = '', said] = create('search', {
    team: 'search',
    endpoint: ['gpt'],
    expires: '90d',
    requestsPerMinute: '60',
    usdPerMonth: '12.5',
  })
  expect(secret).toMatch(/^iw-[\w-]{43}$/)
  expect(said).toBe(`key "search" (${hashOf(secret)}); it is not shown again`)
  expect(readKeys(data_dir)).toEqual([
    {
      name: 'search',
      hash: hashOf(secret),
      team: 'search',
      endpoints: ['gpt'],
      expires: '2027-02-24T22:06:00.000Z',
      limits: { requests_per_minute: 60, usd_per_month: 12.5 },
      created_at: '2026-11-26T22:06:00.000Z',
    },
  ])
  expect(readFileSync(fileOf(), 'utf8')).not.toContain(secret)
  expect(statSync(fileOf()).mode & 0o777).toBe(0o600)
  expect(create('other')[0]).not.toBe(secret)
})

test('list tells of each what it is and what state it is in', () => {
  create('search', { team: 'search', endpoint: ['gpt', 'claude'], tokensPerDay: '1000' })
  create('old', { expires: '1d' })
  create('gone')
  keysRevoke('gone', context(), now)
  expect(keysList(context(), now.getTime() + 86_400_000)).toEqual([
    'key     state    team    endpoints   expires                   requests/min  tokens/day  usd/month',
    'fixed   active           all         never',
    'search  active   search  gpt,claude  never                                   0 of 1000',
    'old     expired          all         2026-11-27T22:06:00.000Z',
    'gone    revoked          all         never',
  ])
})

test('the name of a revoked key may be given again; the old key stays revoked', () => {
  const [first = ''] = create('search')
  keysRevoke('search', context(), now)
  const [second = ''] = create('search')
  expect(readKeys(data_dir).map(({ hash, revoked_at }) => [hash, revoked_at])).toEqual([
    [hashOf(first), '2026-11-26T22:06:00.000Z'],
    [hashOf(second), undefined],
  ])
})

describe('refused, with what is expected', () => {
  test.each<[string, CreateFlags, string]>([
    ['fixed', {}, 'there is a key "fixed" already: revoke it first'],
    ['', {}, 'name: Too small'],
    ['a', { endpoint: ['gtp'] }, '--endpoint: there is no endpoint "gtp"; there is gpt, claude'],
    ['a', { expires: 'soon' }, '--expires: expected a date such as 2026-11-01'],
    ['a', { requestsPerMinute: 'many' }, '--requests-per-minute: Invalid input'],
    ['a', { tokensPerDay: '1.5' }, '--tokens-per-day: Invalid input'],
    ['a', { usdPerMonth: '-1' }, '--usd-per-month: Too small'],
  ])('create %j %j', (name, flags, why) => {
    expect(() => create(name, flags)).toThrow(why)
    expect(existsSync(fileOf())).toBe(false)
  })

  test.each([
    ['fixed', 'the key "fixed" stands in the configuration: remove it from proxy.keys'],
    ['nobodys', 'there is no key "nobodys" to revoke'],
  ])('revoke %s', (name, why) => {
    expect(() => keysRevoke(name, context(), now)).toThrow(why)
  })
})

test('two commands do not change the keys at once', () => {
  create('search')
  writeFileSync(`${fileOf()}.new`, '')
  expect(() => create('other')).toThrow(/keys\.json\.new: another command changes the keys/)
  expect(readKeys(data_dir)).toHaveLength(1)
})

test('what a command that was killed left behind stands in nobody’s way', () => {
  create('search')
  writeFileSync(`${fileOf()}.new`, '{ "keys": [')
  const minuteAgo = new Date(Date.now() - 60_000)
  utimesSync(`${fileOf()}.new`, minuteAgo, minuteAgo)
  keysRevoke('search', context(), now)
  expect(readKeys(data_dir)).toMatchObject([{ name: 'search', revoked_at: now.toISOString() }])
  expect(readdirSync(dirname(fileOf()))).toEqual(['keys.json'])
})

test('a file that is no list of keys is named, and nothing of it shown', () => {
  mkdirSync(join(data_dir, 'proxy'))
  for (const text of ['{', '{"keys":[{"name":"hunter2"}]}']) {
    writeFileSync(fileOf(), text)
    expect(() => readKeys(data_dir)).toThrow(/^\S+keys\.json is no list of keys: restore it/)
    expect(() => create('search')).toThrow(/^(?!.*hunter2)/)
  }
})

test('a data directory that cannot be written is named', () => {
  writeFileSync(join(data_dir, 'proxy'), '')
  expect(() => create('search')).toThrow(KeyFileError)
  expect(() => create('search')).toThrow(/^\S+proxy cannot be written \(EEXIST\): give this user rights/)
})

test('what was used and cannot be read is named', () => {
  mkdirSync(join(data_dir, 'proxy'))
  writeFileSync(join(data_dir, 'proxy', 'spending'), '')
  expect(() => keysList(context())).toThrow(/^\S+spending cannot be read \(ENOTDIR\)/)
})
