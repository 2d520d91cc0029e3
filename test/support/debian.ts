/** Programs of Debian packages that tests run against. Fetched, not installed: `dpkg -x` into test/.output. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const packages = { prometheus: 'usr/bin/promtool', 'prometheus-alertmanager': 'usr/bin/prometheus-alertmanager' }
const output = new URL('../.output', import.meta.url).pathname

/** Path of promtool, or null where the package could not be had: tests that need it are then skipped. */
export const promtool = () => programOf(packages.prometheus)

/** Path of Prometheus itself, of the same package. */
export const prometheus = () => programOf('usr/bin/prometheus')

/**
 * Alertmanager, to be run in `folder`; null where the package could not be had. Debian's looks for its templates in /usr/share:
 * this copy looks for them where it runs.
 */
export function alertmanager(): { program: string; folder: string } | null {
  const found = programOf(packages['prometheus-alertmanager'])
  if (found === null) return null
  const program = `${found}-here`
  if (!existsSync(program)) {
    const [absolute, relative] = ['/usr/share/prometheus/alertmanager', 'usr/share//prometheus/alertmanager']
    const text = readFileSync(found, 'latin1').replaceAll(absolute, relative)
    writeFileSync(program, text, { encoding: 'latin1', mode: 0o755 })
  }
  return { program, folder: join(output, 'debian') }
}

function programOf(path: string): string | null {
  const found = join(output, 'debian', path)
  return existsSync(found) ? found : null
}

/** Fetches what is missing when run as root on Debian. Returns a notice for each program that tests will miss. */
export async function setUpDebianTools(into: string): Promise<string[]> {
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
        promisify(execFile)(command, args, { cwd: folder, timeout: 120_000 })
      try {
        await run('apt-get', ['download', name])
      } catch {
        await run('apt-get', ['update'])
        await run('apt-get', ['download', name])
      }
      const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
      if (archive) await run('dpkg', ['-x', archive, '.'])
    } catch (error) {
      notices.push(`${wanting} (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`)
    }
  }
  return notices
}
