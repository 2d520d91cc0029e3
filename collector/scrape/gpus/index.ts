/**
 * GPU exporters that the scraper knows, the one that says most first: where several show the same GPU, that one counts.
 * To add one: a file beside this one, a line here, a page of it in `../fixtures/` for the table test.
 */
import type { GpuExporter } from '../gpu.ts'
import { amd } from './amd.ts'
import { dcgm } from './dcgm.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { triton } from './triton.ts'

export const gpuExporters: readonly GpuExporter[] = [dcgm, nvidiaSmi, amd, triton]
