/** `npm run bench -- <name> [arguments]` runs bench/<name>.ts; without a name it lists them. */
import { readdirSync } from 'node:fs'

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
const [, , name = ''] = process.argv
if (!names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- <${names.join(' | ')}> [arguments]\n`)
  process.exit(1)
}
await import(new URL(`${name}.ts`, import.meta.url).href)
