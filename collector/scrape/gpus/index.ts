/**
 * GPU exporters that the scraper knows. To add one: a file beside this one, a line here, a page of it in `../fixtures/`
 * for the table test.
 */
import type { GpuExporter } from '../gpu.ts'
import { dcgm } from './dcgm.ts'

export const gpuExporters: readonly GpuExporter[] = [dcgm]
