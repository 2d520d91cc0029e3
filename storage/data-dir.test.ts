import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { DataDirError, openDataDir, runningProcess } from './data-dir.ts'

const folders: string[] = []
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

test('a second user of a data directory is told who has it', async () => {
  const path = temporary()
  const first = await openDataDir(path)
  first.announce({
    pid: process.pid,
    clickhouse: 'http://127.0.0.1:1',
    dashboard: 'http://127.0.0.1:2',
    otlp_http: 'http://127.0.0.1:3',
  })
  await expect(openDataDir(path)).rejects.toThrow(
    `data_dir ${path} is in use by another Inferwatch (process ${process.pid}, http://127.0.0.1:2): stop it, or set data_dir`,
  )
  first.release()
  const second = await openDataDir(path)
  expect(runningProcess(path)).toBeNull()
  second.release()
})

test('kill -9 of the owner frees the directory', async () => {
  const path = temporary()
  const module = new URL('data-dir.ts', import.meta.url).href
  const code = `const { openDataDir } = await import(${JSON.stringify(module)}); await openDataDir(${JSON.stringify(path)}); console.log('locked'); setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(owner.stdout, 'data')
  await expect(openDataDir(path)).rejects.toBeInstanceOf(DataDirError)
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  const again = await openDataDir(path)
  again.release()
})

test('a path that is no directory names the setting and the reason', async () => {
  const path = join(temporary(), 'file')
  writeFileSync(path, '')
  await expect(openDataDir(path)).rejects.toThrow(
    `data_dir ${path} cannot be a directory (EEXIST): a file is in its place: move that away, or set data_dir`,
  )
})

test('a name that no file system takes is told so: no rights would help', async () => {
  const path = join(temporary(), 'a'.repeat(300))
  await expect(openDataDir(path)).rejects.toThrow(
    `data_dir ${path} has too long a name (ENAMETOOLONG): shorten it, or set`,
  )
})

test('a place where the system makes no folders is refused, not tried for ever', async () => {
  await expect(openDataDir('/proc/inferwatch/data')).rejects.toThrow(
    'data_dir /proc/inferwatch/data is not writable (ENOENT): give this user rights to it, or set data_dir',
  )
})

test('a run.json of a dead process does not count', async () => {
  const path = temporary()
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'exit')
  writeFileSync(join(path, 'run.json'), JSON.stringify({ pid: gone.pid, clickhouse: '', dashboard: '', otlp_http: '' }))
  expect(runningProcess(path)).toBeNull()
})
