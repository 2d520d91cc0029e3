/** Programs of Debian packages that tests run against. Fetched, not installed: `dpkg -x` into test/.output. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const packages = { prometheus: 'usr/bin/promtool' }
const output = new URL('../.output', import.meta.url).pathname

/** Path of promtool, or null where the package could not be had: tests that need it are then skipped. */
export const promtool = () => programOf(packages.prometheus)

/** Path of Prometheus itself, of the same package. */
export const prometheus = () => programOf('usr/bin/prometheus')

function programOf(path: string): string | null {
  const found = join(output, 'debian', path)
  return existsSync(found) ? found : null
}

/** Fetches what is missing when run as root on Debian. Returns a notice for each program that tests will miss. */
export function setUpDebianTools(into: string): string[] {
  const notices: string[] = []
  for (const [name, program] of Object.entries(packages)) {
    const folder = join(into, 'debian')
    if (existsSync(join(folder, program))) continue
    const wanting = `${name}: its tests are skipped`
    if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
      notices.push(`${wanting} (only fetched when run as root on Debian)`)
      continue
    }
    try {
      mkdirSync(folder, { recursive: true })
      const run = (command: string, args: string[]) =>
        execFileSync(command, args, { cwd: folder, stdio: 'pipe', timeout: 120_000 })
      try {
        run('apt-get', ['download', name])
      } catch {
        run('apt-get', ['update'])
        run('apt-get', ['download', name])
      }
      const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
      if (archive) run('dpkg', ['-x', archive, '.'])
    } catch (error) {
      notices.push(`${wanting} (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`)
    }
  }
  return notices
}
