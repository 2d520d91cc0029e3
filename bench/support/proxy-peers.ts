/** Proxies of others, to be compared with: installed when first asked for, in a folder of their own, and no dependency of ours. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { networkInterfaces } from 'node:os'

/** With later versions of these two, Portkey's gateway answers 500 to every stream. */
const overrides = { '@hono/node-server': '1.13.7', hono: '4.9.7' }
const dependencies = { '@portkey-ai/gateway': '1.15.2', undici: '7.30.2' }

export const portkeyIn = (folder: string) => join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js')

/** Why it could not be done; null when they are there. */
export function installPeers(folder: string): string | null {
  if (existsSync(portkeyIn(folder))) return null
  mkdirSync(folder, { recursive: true })
  const manifest = { name: 'proxy-peers', private: true, dependencies, overrides }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status, stderr } = spawnSync('npm', npm, { cwd: folder, encoding: 'utf8' })
  return status === 0 ? null : `npm install in ${folder} failed: ${stderr}`
}

/** Whether nothing but loopback is there: Portkey's gateway listens on every interface. */
export function isAlone(): boolean {
  return Object.keys(networkInterfaces()).every((name) => name === 'lo')
}

/** Runs this very command in a network namespace of its own; its exit status, or null where that is not to be had. */
export function runAlone(): number | null {
  const namespace = process.getuid?.() === 0 ? '-n' : '-rn'
  if (spawnSync('unshare', [namespace, 'ip', 'link', 'set', 'lo', 'up']).status !== 0) return null
  const command = [process.execPath, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', [namespace, 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', ...command], {
    stdio: 'inherit',
  })
  return status ?? 1
}
