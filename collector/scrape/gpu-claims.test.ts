/** One GPU that several targets show: stored once, from the one that says most. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { GpuClaims } from './gpu-claims.ts'
import { emptyGpu } from './gpu.ts'
import { fixture } from './testing.ts'
import { settled, testConfig, testExporter, until, type TestExporter } from './testing-exporter.ts'

const row = (uuid: string, rest: Partial<GpuSample> = {}): GpuSample => ({
  ...emptyGpu({ timestamp: 0, target: 't', host: 'h', fallbackHost: '' }),
  uuid,
  ...rest,
})
const dcgm = { target: 'dcgm', rank: 0 }
const exporter = { target: 'exporter', rank: 1 }

describe('whose GPU it is', () => {
  const takes = (...steps: [source: typeof dcgm, at: number][]) => {
    const claims = new GpuClaims()
    return steps.map(([source, at]) => claims.take([row('GPU-a')], source, at, 30).length === 1)
  }

  test.each([
    [
      'the better exporter takes over',
      [
        [exporter, 0],
        [dcgm, 1],
        [exporter, 2],
      ],
      [true, true, false],
    ],
    [
      'until it falls silent',
      [
        [dcgm, 0],
        [exporter, 30],
        [exporter, 31],
        [exporter, 32],
      ],
      [true, false, true, true],
    ],
    [
      'and back again',
      [
        [exporter, 0],
        [dcgm, 1],
        [exporter, 40],
        [dcgm, 41],
        [exporter, 42],
      ],
      [true, true, true, true, false],
    ],
    [
      'of two equal ones the first goes on',
      [
        [dcgm, 0],
        [{ ...dcgm, target: 'other' }, 1],
        [dcgm, 2],
      ],
      [true, false, true],
    ],
    [
      'whoever it was before the clock was set back',
      [
        [dcgm, 100_000],
        [exporter, 10],
        [dcgm, 20],
        [exporter, 30],
      ],
      [true, true, true, false],
    ],
  ] as [string, [typeof dcgm, number][], boolean[]][])('%s', (_, steps, expected) => {
    expect(takes(...steps)).toEqual(expected)
  })

  test('a GPU without a UUID stays, others are told apart', () => {
    const claims = new GpuClaims()
    claims.take([row('GPU-a'), row('')], dcgm, 0, 30)
    expect(claims.take([row('GPU-a'), row('GPU-b'), row('', { gpu: '0' })], exporter, 1, 30)).toMatchObject([
      { uuid: 'GPU-b' },
      { uuid: '', gpu: '0' },
    ])
  })

  test('parts go with their board, whatever UUID they have', () => {
    const claims = new GpuClaims()
    claims.take([row('GPU-a')], dcgm, 0, 30)
    const rows = [
      row('GPU-a', { gpu: '0' }),
      row('GPU-a', { gpu: '0', mig_id: '7' }),
      row('MIG-x', { gpu: '0', mig_id: '8' }),
      row('GPU-b', { gpu: '1' }),
      row('MIG-y', { gpu: '1', mig_id: '7' }),
    ]
    expect(claims.take(rows, exporter, 1, 30).map(({ uuid }) => uuid)).toEqual(['GPU-b', 'MIG-y'])
  })
})

describe('in one collector', () => {
  let http: TestExporter
  let dir: string
  const path = process.env['PATH']
  beforeEach(async () => {
    http = await testExporter()
    dir = mkdtempSync(join(tmpdir(), 'inferwatch-gpus-'))
    writeFileSync(join(dir, 'answer.xml'), fixture('nvidia-smi-h200-load.xml'))
    const program = join(dir, 'nvidia-smi')
    writeFileSync(program, `#!/bin/sh\nexec cat ${join(dir, 'answer.xml')}\n`)
    chmodSync(program, 0o755)
  })
  afterEach(async () => {
    process.env['PATH'] = path
    await http.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const uuid = '00000000-1111-2222-3333-444444444444'
  const dcgmPage = `DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-${uuid}",Hostname="pod-x"} 100\nDCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-${uuid}",Hostname="pod-x"} 900\n`
  const tritonPage = `nv_gpu_memory_total_bytes{gpu_uuid="GPU-${uuid}"} 5\nnv_gpu_memory_used_bytes{gpu_uuid="GPU-${uuid}"} 4\n`
  const smiPage = `nvidia_smi_gpu_info{uuid="${uuid}",index="0"} 1\nnvidia_smi_memory_total_bytes{uuid="${uuid}"} 6\n`
  const stored = () => http.batches.flatMap(({ gpu_samples = [] }) => gpu_samples)

  test('three exporters and nvidia-smi: DCGM is stored, and the next best once it is gone', async () => {
    const pages: Record<string, string> = { '/dcgm': dcgmPage, '/triton': tritonPage, '/smi': smiPage }
    http.answer = (request, response) => {
      const page = pages[request.url ?? '']
      response.writeHead(page === undefined ? 404 : 200).end(page)
    }
    const origin = new URL(http.url).origin
    const scraper = http.scrape(
      ['/triton', '/smi', '/dcgm'].map((page) => ({ url: origin + page })),
      { nvidia_smi: { path: join(dir, 'nvidia-smi') } },
    )
    await settled(scraper)
    expect(scraper.targets().map(({ url, kind, state }) => [url, kind, state])).toContainEqual([
      `nvidia-smi:${join(dir, 'nvidia-smi')}`,
      'nvidia-smi',
      'up',
    ])
    http.batches.length = 0
    await http.next(scraper)
    expect(stored()).toMatchObject([
      { target: `${origin}/dcgm`, uuid: `GPU-${uuid}`, memory_used_bytes: 100 * 2 ** 20 },
    ])

    delete pages['/dcgm']
    const storedNext = async () => {
      http.batches.length = 0
      await http.next(scraper)
      return stored().map(({ target }) => target)
    }
    for (let step = 0; step < 3; step++) await http.next(scraper)
    await expect.poll(storedNext).toEqual([expect.not.stringMatching('/triton|/dcgm')])

    pages['/dcgm'] = dcgmPage
    await http.next(scraper)
    await expect.poll(storedNext).toEqual([`${origin}/dcgm`])
  })

  test('one that is not scraped any more gives its GPUs free at once', async () => {
    const pages: Record<string, string> = { '/old': dcgmPage, '/new': dcgmPage }
    http.answer = (request, response) => response.end(pages[request.url ?? ''])
    const [old, next] = ['/old', '/new'].map((page) => ({ url: new URL(http.url).origin + page }))
    if (!old || !next) throw new Error('two targets')
    const scraper = http.scrape([old])
    await settled(scraper)
    scraper.reload(testConfig([next]), [])
    await settled(scraper)
    expect(stored().map(({ target }) => target)).toEqual([old.url, next.url])
  })

  test('nvidia-smi on the PATH is found, tried and used; one that fails is no target', async () => {
    process.env['PATH'] = `${dir}${delimiter}${path ?? ''}`
    const scraper = http.scrape([])
    await until(() => scraper.targets().length === 1)
    await settled(scraper)
    expect(scraper.targets()).toMatchObject([{ url: 'nvidia-smi:', kind: 'nvidia-smi', state: 'up', error: '' }])
    expect(stored()).toMatchObject([{ uuid: `GPU-${uuid}`, utilization_ratio: 1, target: 'nvidia-smi:' }])
    expect(stored()[0]?.host).not.toBe('')

    writeFileSync(join(dir, 'nvidia-smi'), '#!/bin/sh\necho "GPU is lost" >&2\nexit 15\n')
    await http.next(scraper)
    expect(scraper.targets()).toMatchObject([{ state: 'down', error: expect.stringContaining('fell off the bus') }])
    const broken = http.scrape([{ url: http.url }])
    await settled(broken)
    expect(broken.targets()).toHaveLength(1)
  })

  test('it is tried once, whatever changes meanwhile; switched off it ends, and on again it goes on', async () => {
    process.env['PATH'] = `${dir}${delimiter}${path ?? ''}`
    const [asked, go, list] = ['asked', 'go', 'targets.json'].map((name) => join(dir, name)) as [string, string, string]
    writeFileSync(
      join(dir, 'nvidia-smi'),
      `#!/bin/sh\necho once >> ${asked}\nwhile [ ! -e ${go} ]; do sleep 0.05; done\nexec cat ${join(dir, 'answer.xml')}\n`,
    )
    const runs = () => (existsSync(asked) ? readFileSync(asked, 'utf8').split('\n').length - 1 : 0)
    const discover = (...names: string[]) =>
      writeFileSync(list, JSON.stringify([{ targets: names.map((name) => `127.0.0.1:1/${name}`) }]))
    discover('a')
    const discovery = { file: [{ files: [list], refresh_interval: '1s' }] }
    const scraper = http.scrape([], { discovery })
    await until(() => runs() === 1 && scraper.providers()[0]?.found === 1)
    for (const names of [['a', 'b'], ['a']]) {
      discover(...names)
      scraper.reload(testConfig([], { discovery }), [])
    }
    writeFileSync(go, '')
    const local = () => scraper.targets().filter(({ url }) => url === 'nvidia-smi:')
    await until(() => local()[0]?.state === 'up')
    // The attempt, and the first scrape.
    expect(runs()).toBe(2)

    scraper.reload(testConfig([], { discovery, nvidia_smi: 'off' }), [])
    await until(() => http.inserted.some(({ error }) => error === 'no longer configured'))
    expect(local()).toEqual([])
    await http.next(scraper)
    expect(runs()).toBe(2)
    scraper.reload(testConfig([], { discovery }), [])
    await until(() => local()[0]?.state === 'up')
    expect(runs()).toBe(3)
  })
})
