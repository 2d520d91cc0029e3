import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** They kill, fill and fuzz, and prove that nothing is lost or told twice. */
export const proofs = [
  'test/{alert-proof,durability,fuzz,proxy-proof,sql-fuzz}/*.test.ts',
  '**/crash.test.ts',
  'storage/embedded/{insert-tokens,supervisor}.test.ts',
  'storage/upgrade*.test.ts',
  'test/full-disk.test.ts',
]

/**
 * Which files begin first. End-to-end files wait for processes and timers most of their time: spread among those that keep a core
 * busy, they cost little; by size, as vitest orders files that it has not run yet, proofs of a few lines that take a minute come last.
 */
export class SpreadWaiting extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const of = (wanted: Kind) =>
      sorted.filter(({ moduleId }) => kind(relative(this.ctx.config.root, moduleId)) === wanted)
    return spread([...of('proof'), ...of('end-to-end')], of('busy'))
  }
}

type Kind = 'proof' | 'end-to-end' | 'busy'

function kind(path: string): Kind {
  if (/^test\/(alert-proof|durability|proxy-proof)\//.test(path)) return 'proof'
  return /^test\/[^/]+$/.test(path) ? 'end-to-end' : 'busy'
}

/** Each that waits is followed by its share of the others, which are most of the files. */
function spread<T>(waiting: readonly T[], busy: readonly T[]): T[] {
  const share = Math.floor(busy.length / Math.max(waiting.length, 1))
  const mixed = waiting.flatMap((file, index) => [file, ...busy.slice(index * share, (index + 1) * share)])
  return [...mixed, ...busy.slice(waiting.length * share)]
}
