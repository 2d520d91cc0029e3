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
 * Which files begin first. Browser tests take a minute each, and end-to-end tests wait for processes and timers most of their time: one
 * beside the other they cost least. Unit tests follow, which share processes as long as they follow each other, and fill the end; by
 * size alone, as vitest orders files that it has not run yet, proofs of a few lines that take a minute come last.
 */
export class BrowsersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const of = (wanted: Kind) =>
      sorted.filter(({ moduleId }) => kind(relative(this.ctx.config.root, moduleId)) === wanted)
    return [...inTurns([...of('proof'), ...of('end-to-end')], of('browser')), ...of('unit')]
  }
}

type Kind = 'proof' | 'end-to-end' | 'browser' | 'unit'

function kind(path: string): Kind {
  if (/^test\/(alert-proof|durability|proxy-proof)\//.test(path)) return 'proof'
  if (path.startsWith('test/dashboard/')) return 'browser'
  return path.startsWith('test/') ? 'end-to-end' : 'unit'
}

function inTurns<T>(some: readonly T[], others: readonly T[]): T[] {
  return Array.from({ length: Math.max(some.length, others.length) }, (_, index) => [
    ...some.slice(index, index + 1),
    ...others.slice(index, index + 1),
  ]).flat()
}
