import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BucketConfig } from './config.ts'
import { bucketDestination } from './s3.ts'
import { startTestBucket, testKeys, type TestBucket } from './testing-bucket.ts'

let bucket: TestBucket
let staging: string
const mebibyte = 2 ** 20

beforeEach(async () => {
  bucket = await startTestBucket()
  staging = mkdtempSync(join(tmpdir(), 'inferwatch-s3-'))
})
afterEach(async () => {
  await bucket.stop()
  rmSync(staging, { recursive: true })
})

function destination(config: Partial<BucketConfig> = {}) {
  const { endpoint } = bucket
  const all = { url: 's3://archive/in ferwatch/', endpoint, region: 'eu-central-1', ...testKeys, ...config }
  return bucketDestination(all, { folder: 'calls', staging, partBytes: 5 * mebibyte })
}

/** Bytes that differ from part to part. */
function staged(length: number): { path: string; bytes: Buffer } {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 1021) bytes[at] = at % 251
  const path = join(staging, '.calls.tmp')
  writeFileSync(path, bytes)
  return { path, bytes }
}

test('a small file is one request, below bucket, prefix and job', async () => {
  const { path, bytes } = staged(1000)
  await destination().put(path, '2026-11-26.parquet')
  expect([...bucket.objects.keys()]).toEqual(['archive/in ferwatch/calls/2026-11-26.parquet'])
  expect(bucket.objects.get('archive/in ferwatch/calls/2026-11-26.parquet')?.equals(bytes)).toBe(true)
  expect(readdirSync(staging)).toEqual([])
})

test('a long file goes in parts', async () => {
  const { path, bytes } = staged(12 * mebibyte + 7)
  await destination().put(path, 'long.parquet')
  expect(bucket.objects.get('archive/in ferwatch/calls/long.parquet')?.equals(bytes)).toBe(true)
  expect(bucket.asked.filter((asked) => asked.includes('partNumber'))).toHaveLength(3)
  expect(bucket.open.size).toBe(0)
})

test('an upload that fails half-way is taken back, and the file stays for another try', async () => {
  const { path, bytes } = staged(12 * mebibyte)
  bucket.failing = (asked) => asked.includes('partNumber=2')
  await expect(destination().put(path, 'long.parquet')).rejects.toThrow(/^PUT s3:.*\/long\.parquet: 500 InternalError/)
  expect([bucket.open.size, bucket.objects.size]).toEqual([0, 0])
  bucket.failing = () => false
  await destination().put(path, 'long.parquet')
  expect(bucket.objects.get('archive/in ferwatch/calls/long.parquet')?.equals(bytes)).toBe(true)
})

test('texts are written, read and removed; what is not there is null', async () => {
  const place = destination()
  expect(await place.read('manifest.json')).toBeNull()
  await place.write('manifest.json', '{"ü":1}')
  expect(await place.read('manifest.json')).toBe('{"ü":1}')
  await place.remove('manifest.json')
  await place.remove('manifest.json')
  expect(bucket.objects.size).toBe(0)
})

test.each([
  ['another key', { access_key_id: 'AKIAOTHER' }, 'InvalidAccessKeyId'],
  ['another secret', { secret_access_key: 'hunter2' }, 'SignatureDoesNotMatch'],
])('%s is refused in S3’s words, and the secret stays out of them', async (_, config, code) => {
  const failure = await destination(config)
    .write('manifest.json', '{}')
    .catch((error: unknown) => String(error))
  expect(failure).toContain(`403 ${code}`)
  expect(failure).not.toContain('hunter2')
})

test('a store that does not answer is named', async () => {
  await bucket.stop()
  await expect(destination().read('manifest.json')).rejects.toThrow(
    `${bucket.endpoint} is not reachable: connect ECONN`,
  )
  bucket = await startTestBucket()
})
