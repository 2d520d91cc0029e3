/** nvidia-smi as a process: what it exits with, when it hangs, what it costs to be wrong about it. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixture } from '../testing.ts'
import { until } from '../testing-exporter.ts'
import { NvidiaSmi, findNvidiaSmi, type NvidiaSmiOptions } from './run.ts'

let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'inferwatch-nvidia-smi-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function program(script: string): string {
  const path = join(dir, 'nvidia-smi')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const limits = { timeoutMs: 20_000, maxBytes: 2 ** 20 }
const ask = (path: string, options: Partial<NvidiaSmiOptions> = {}, signal = new AbortController().signal) =>
  new NvidiaSmi(path, { ...limits, ...options }).page(signal)

const answer = () => {
  writeFileSync(join(dir, 'answer.xml'), fixture('nvidia-smi-h200-load.xml'))
  return `cat ${join(dir, 'answer.xml')}`
}

test('asks with -q -x', async () => {
  const path = program(`echo "$@" > ${join(dir, 'asked')}\n${answer()}`)
  expect(await ask(path)).toContain(
    'nvidia_smi_utilization_gpu_ratio{uuid="GPU-00000000-1111-2222-3333-444444444444"} 1\n',
  )
  expect(readFileSync(join(dir, 'asked'), 'utf8')).toBe('-q -x\n')
})

test('as CSV it asks again without what an older driver does not know', async () => {
  const path = program(
    `echo "$1" >> ${join(dir, 'asked')}\n` +
      `case "$1" in *memory.reserved*) printf 'Field "memory.reserved" is not a valid field to query.\\n\\n'; exit 2;; esac\n` +
      `echo 'GPU-a, 0, T4, 0:0, 470.1, 7 %${', [N/A]'.repeat(17)}'`,
  )
  expect(await ask(path, { format: 'csv' })).toContain('nvidia_smi_utilization_gpu_ratio{uuid="GPU-a"} 0.07\n')
  expect(readFileSync(join(dir, 'asked'), 'utf8').trim().split('\n')).toHaveLength(2)
})

test('a whole answer counts, whatever the exit code: 14 warns of the infoROM beside it', async () => {
  expect(await ask(program(`${answer()}\necho 'WARNING: infoROM is corrupted' >&2\nexit 14`))).toContain(
    'nvidia_smi_gpu_info',
  )
})

describe('what to do when it fails', () => {
  test.each([
    [
      6,
      'echo "No devices were found"',
      'nvidia-smi finds no GPU: pass one to this container or machine (docker run --gpus all); exit code 6 (it says: No devices were found)',
    ],
    [9, 'echo "NVIDIA-SMI has failed" ', 'cannot reach the driver: load it (modprobe nvidia)'],
    [12, '', 'does not find libnvidia-ml.so'],
    [14, '', 'the infoROM of a GPU is corrupt'],
    [
      15,
      'echo "Unable to determine the device handle: GPU is lost" >&2',
      'fell off the bus: look for Xid 79 in dmesg, then reset the GPU or reboot; exit code 15 (it says: Unable to',
    ],
    [18, '', 'does not fit the loaded driver'],
    [4, '', 'let this user open /dev/nvidia*'],
    [255, '', 'failed: run nvidia-smi -q -x on this host and look at dmesg; exit code 255'],
    [0, 'echo "<nvidia_smi_log><gpu>"', "nvidia-smi's answer cannot be read: it ends inside <gpu>"],
  ])('exit code %d', async (code, script, message) => {
    await expect(ask(program(`${script}\nexit ${code}`))).rejects.toThrow(message)
  })

  test('it is not there', async () => {
    await expect(ask(join(dir, 'nothing'))).rejects.toMatchObject({
      reason: 'nvidia_smi_missing',
      message: expect.stringContaining(
        'install the NVIDIA driver on this host, or write the path as scrape.nvidia_smi.path',
      ),
    })
  })

  test('it says too much', async () => {
    await expect(ask(program('yes nvidia'), { maxBytes: 10_000 })).rejects.toMatchObject({ reason: 'too_large' })
  })
})

test('one that hangs is killed, and as long as it is there no other is started beside it', async () => {
  const smi = new NvidiaSmi(program(`echo $$ > ${join(dir, 'pid')}\nexec sleep 600`), { ...limits, timeoutMs: 2000 })
  const { signal } = new AbortController()
  const [asked, again] = [smi.page(signal), () => smi.page(signal)]
  const second = asked.catch(again)
  await expect(asked).rejects.toMatchObject({ reason: 'timeout', message: expect.stringContaining('persistence mode') })
  await expect(second).rejects.toMatchObject({ reason: 'nvidia_smi_hangs', message: expect.stringContaining('dmesg') })
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
  await until(() => !existsSync(`/proc/${pid}`))
  program(answer())
  await expect.poll(() => again().catch(String)).toContain('nvidia_smi_gpu_info')
})

test('the scraper stops: so does it', async () => {
  const stopping = new AbortController()
  const asked = ask(program(`echo $$ > ${join(dir, 'pid')}\nexec sleep 600`), {}, stopping.signal)
  await until(() => existsSync(join(dir, 'pid')) && readFileSync(join(dir, 'pid'), 'utf8').endsWith('\n'))
  stopping.abort()
  await expect(asked).rejects.toMatchObject({ reason: 'aborted' })
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
  await until(() => !existsSync(`/proc/${pid}`))
})

test('found on the PATH, where it can be run', () => {
  const path = program('exit 0')
  expect(findNvidiaSmi({ PATH: `/nowhere:${dir}` })).toBe(path)
  chmodSync(path, 0o644)
  expect(findNvidiaSmi({ PATH: dir })).toBeNull()
  expect(findNvidiaSmi({})).toBeNull()
})
