/** Builds the web app when it is missing or its sources changed. The server runs as it is; only the web app is built. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { errorCode } from '../records/error-code.ts'

const root = join(import.meta.dirname, '..')
const source = join(import.meta.dirname, 'web')
/** Where the built app lies, for `startDashboard`. */
export const webDist = join(source, 'dist')
/** In the built app: the fingerprint of what it was built from. */
const stampName = '.sources'

export interface BuildResult {
  built: boolean
  duration_ms: number
}

/** `onStart` is called only when a build is needed (seconds). Rejects with vite's error. */
export async function buildWeb(onStart: () => void = () => undefined): Promise<BuildResult> {
  const started = performance.now()
  const sources = await fingerprint()
  const known = await readFile(join(webDist, stampName), 'utf8').catch(() => '')
  if (known === sources) return { built: false, duration_ms: performance.now() - started }
  onStart()
  // In a process of its own: the bundler takes hundreds of megabytes, which a server would keep for good.
  // Whoever asks, a test too, gets the app that is shipped, without React's checks for developers.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, [import.meta.filename], { cwd: root, env })
  return { built: true, duration_ms: performance.now() - started }
}

/** Builds beside the old app, which a running server may be serving, and then takes its place. */
async function build(): Promise<void> {
  const fresh = join(root, 'node_modules', '.cache', `inferwatch-web-${process.pid}`)
  const sources = await fingerprint()
  const vite = await import('vite')
  await vite.build({
    configFile: join(source, 'vite.config.ts'),
    root: source,
    logLevel: 'error',
    mode: 'production',
    build: { outDir: fresh },
  })
  await compressAssets(join(fresh, 'assets'))
  await writeFile(join(fresh, stampName), sources)
  await replace(webDist, fresh)
}

/** Of two processes that build at once, one wins: both built the same. */
async function replace(folder: string, fresh: string): Promise<void> {
  const old = `${fresh}-old`
  await rename(folder, old).catch(() => undefined)
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true, force: true }))
  await rm(old, { recursive: true, force: true })
}

/** Names and contents of every source, and of what names the libraries; a package as npm packs it has no lock file. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(webDist) && !file.endsWith('.test.ts'))
  const libraries = ['package.json', 'package-lock.json'].map((name) => join(root, name))
  for (const file of [...files.toSorted(), ...libraries]) {
    const content = await readFile(file).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return ''
      throw error
    })
    hash.update(relative(root, file)).update('\0').update(content)
  }
  return hash.digest('hex')
}

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/** Beside each text asset its .br and .gz, so that the server never compresses one. */
async function compressAssets(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /\.(js|css|svg)$/.test(name))
  await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name)
      const text = await readFile(file)
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
      await Promise.all([
        brotli(text, quality).then((data) => writeFile(`${file}.br`, data)),
        zip(text, { level: 9 }).then((data) => writeFile(`${file}.gz`, data)),
      ])
    }),
  )
}

if (import.meta.main) await build()
