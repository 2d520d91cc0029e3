/**
 * Redaction of chats as clients send them, MB/s on one core, against what merely reading the same text costs (its size and
 * JSON.parse): `npm run bench -- redact [seconds] [kilobytes]`.
 */
import { random } from '../collector/otlp/testing.ts'
import { compilePattern } from '../collector/redact/patterns.ts'
import { textRedactor } from '../collector/redact/text.ts'

const [seconds = 2, kilobytes = 8] = process.argv.slice(3, 5).map(Number)
const next = random(3)
const int = (below: number) => Math.floor(next() * below)
const words =
  'the model answers a question about orders that were sent last week and we would like to know when they come back'.split(
    ' ',
  )

/** What people paste into chats. */
const finds = [
  () => `jane.doe${int(1000)}@example.com`,
  () => `+49 170 ${1_000_000 + int(8_999_999)}`,
  () => '4111 1111 1111 1111',
  () => 'DE89 3704 0044 0532 0130 00',
  () => `10.0.${int(256)}.${int(256)}`,
  () => `sk-${'aB3dE6gH9'.repeat(5)}`,
  () => `postgres://app:hunter${int(1000)}@db:5432/shop`,
]

/** A find every so many words; 0: none, and no digits or signs that look like one. */
const cases: Record<string, { everyWords: number; lines: boolean }> = {
  'nothing to find': { everyWords: 0, lines: true },
  'nothing, no escapes': { everyWords: 0, lines: false },
  'sparse: one in 1,000 words': { everyWords: 1_000, lines: true },
  'dense: one in 10 words': { everyWords: 10, lines: true },
}

function chat({ everyWords, lines }: { everyWords: number; lines: boolean }): string {
  const message = (role: string) => {
    let content = ''
    while (content.length < (kilobytes * 1024) / 4) {
      const find = everyWords > 0 && int(everyWords) === 0 ? finds[int(finds.length)]?.() : undefined
      content += `${find ?? words[int(words.length)]}${int(14) > 0 ? ' ' : lines ? '.\n' : '. '}`
    }
    return { role, parts: [{ type: 'text', content }] }
  }
  return JSON.stringify(['system', 'user', 'assistant', 'user'].map(message))
}

/** Bytes a second, over different chats, so that nothing is remembered. */
function rate(texts: readonly string[], work: (text: string) => unknown): number {
  for (const text of texts) work(text)
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  let done = 0
  const start = performance.now()
  const end = start + seconds * 1000
  let now = start
  for (; now < end; now = performance.now()) {
    for (const text of texts) work(text)
    done += bytes
  }
  return done / ((now - start) / 1000)
}

const redact = textRedactor()
const withPatterns = textRedactor(
  ['\\bTCK-\\d{1,9}', '\\bEMP[0-9]{5}\\b', '\\b(?i:project) [A-Z]\\w{1,20}'].map((regex) =>
    compilePattern({ name: 'own', regex }),
  ),
)
const read = (text: string) => Buffer.byteLength(text) + (JSON.parse(text) as unknown[]).length
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

process.stdout.write(
  `Chats of ${kilobytes} kB, ${seconds} s each\n\n` +
    '| case | redacted, MB/s | read only, MB/s | ratio | with three patterns of one’s own, MB/s |\n|---|---|---|---|---|\n',
)
for (const [name, setting] of Object.entries(cases)) {
  const texts = Array.from({ length: 64 }, () => chat(setting))
  const redacted = rate(texts, redact)
  const plain = rate(texts, read)
  const patterns = rate(texts, withPatterns)
  process.stdout.write(
    `| ${name} | ${megabytes(redacted)} | ${megabytes(plain)} | ${(redacted / plain).toFixed(2)} | ${megabytes(patterns)} |\n`,
  )
}
