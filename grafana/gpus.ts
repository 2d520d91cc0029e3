/** The dashboard "GPU fleet": how busy, how hot and how well every GPU is. Reads the rollup of a minute, and samples. */
import { lines, rowsOf, stats, type DashboardSpec } from './panels.ts'
import { distinct, inAll, mean, overTime, within } from './sql.ts'

/** Whole GPUs only: a MIG instance is part of one. A key that vanished from its minute leaves a row of zeros. */
const where = `${within('host', 'device')} AND mig_id = ''`
const minutes = `${where} AND samples > 0`
const gpuName = { gpu_name: "concat(host, ' gpu ', gpu)" }
const interval = { interval: '1m' } as const

const perGpu = (values: Record<string, string>) => overTime({ from: 'gpu_1m', where: minutes, by: gpuName, values })
const sampled = (values: Record<string, string>) => overTime({ from: 'gpu_samples', where, by: gpuName, values })
const total = (values: Record<string, string>) => inAll({ from: 'gpu_1m', where: minutes, values })
/** Two exporters may name one GPU after different hosts. */
const gpuKey = "if(uuid = '', concat(host, ' ', gpu), uuid)"

const newest = (column: string, of: string) => `argMax(tuple(g.${of}), g.timestamp).1 AS ${column}`

export const gpus: DashboardSpec = {
  uid: 'inferwatch-gpus',
  title: 'GPU fleet',
  description: 'Utilisation, memory, power, heat and faults of every GPU, and what stands idle',
  from: 'now-6h',
  page: { title: 'GPUs in Inferwatch', url: '${inferwatch:raw}/gpus' },
  variables: [
    { name: 'host', label: 'Host', sql: distinct('host', 'gpu_1m') },
    { name: 'device', label: 'GPU model', sql: distinct('device', 'gpu_1m') },
  ],
  rows: [
    {
      title: 'Fleet',
      panels: [
        stats('GPUs', 'Whole GPUs seen in the time range', 'short', total({ gpus: `uniqExact(${gpuKey})` })),
        stats(
          'Utilisation',
          'Mean share of time with any kernel running, over all GPUs',
          'percentunit',
          total({ utilisation: mean('utilization_ratio') }),
        ),
        stats('Idle GPUs', 'GPUs that ran nothing in the whole time range: paid for and not used', 'short', {
          sql:
            'SELECT countIf(busiest < 0.01) AS idle\n' +
            `FROM (SELECT ${gpuKey} AS gpu_key, max(utilization_ratio_max) AS busiest FROM gpu_1m WHERE ${minutes} GROUP BY gpu_key)`,
          columns: { idle: 'number' },
        }),
        stats('Energy', 'Used in the time range', 'joule', total({ energy: 'sum(energy_delta_joules)' })),
        stats(
          'Held down',
          'Samples in which clocks were held down by power, heat or a fault, of all',
          'percentunit',
          total({ throttled: 'sum(throttled_samples) / nullIf(sum(samples), 0)' }),
        ),
        stats('XID errors', 'Samples that showed an error of the driver', 'short', total({ xid: 'sum(xid_samples)' })),
      ],
    },
    {
      title: 'Work',
      panels: [
        lines(
          'Utilisation',
          'Share of time with any kernel running, however small',
          'percentunit',
          perGpu({ utilisation: mean('utilization_ratio') }),
          { max: 1, ...interval },
        ),
        lines(
          'Multiprocessors active',
          'How busy the GPU is: share of multiprocessors with work; needs profiling metrics of the exporter',
          'percentunit',
          perGpu({ active: mean('sm_active_ratio') }),
          { max: 1, ...interval },
        ),
        lines(
          'Tensor cores active',
          'Share of time that matrices were multiplied',
          'percentunit',
          perGpu({ active: mean('tensor_active_ratio') }),
          { max: 1, ...interval },
        ),
        lines(
          'Memory moved',
          'Share of time that memory moved data: near 100 % decoding is bound by it',
          'percentunit',
          perGpu({ active: mean('dram_active_ratio') }),
          { max: 1, ...interval },
        ),
        lines(
          'Memory in use',
          'Highest of each bucket',
          'bytes',
          perGpu({ used: 'max(memory_used_bytes_max)' }),
          interval,
        ),
        lines(
          'Memory in use of all',
          'Highest share of each bucket',
          'percentunit',
          perGpu({ used: 'max(memory_used_bytes_max) / nullIf(max(memory_total_bytes_max), 0)' }),
          { max: 1, ...interval },
        ),
      ],
    },
    {
      title: 'Health',
      panels: [
        lines('Power', 'Mean power drawn by each GPU', 'watt', perGpu({ power: mean('power_watts') }), interval),
        lines(
          'Temperature',
          'Highest of the chip',
          'celsius',
          perGpu({ hottest: 'max(temperature_celsius_max)' }),
          interval,
        ),
        lines(
          'Clocks held down',
          'Share of samples in which power, heat or a fault held clocks down',
          'percentunit',
          perGpu({ throttled: 'sum(throttled_samples) / nullIf(sum(samples), 0)' }),
          { max: 1, ...interval },
        ),
        lines(
          'Clock of the multiprocessors',
          'Lowest of each bucket',
          'hertz',
          sampled({ slowest: 'min(sm_clock_hz)' }),
        ),
        lines(
          'Traffic over PCIe',
          'Sent and received',
          'Bps',
          sampled({ sent: 'avg(pcie_tx_bytes_per_second)', received: 'avg(pcie_rx_bytes_per_second)' }),
        ),
        lines(
          'Memory errors',
          'Uncorrected ones, as the exporter counts them',
          'short',
          sampled({ uncorrected: 'max(ecc_uncorrected)' }),
        ),
        rowsOf(
          'GPUs',
          'As each one was last seen',
          {
            sql:
              'SELECT host, gpu, argMax(g.device, g.timestamp) AS gpu_model,\n  ' +
              [
                newest('utilisation', 'utilization_ratio'),
                newest('used', 'memory_used_bytes'),
                newest('memory', 'memory_total_bytes'),
                newest('power', 'power_watts'),
                newest('temperature', 'temperature_celsius'),
                newest('last_xid', 'xid'),
              ].join(',\n  ') +
              ",\n  arrayStringConcat(argMax(g.throttle_reasons, g.timestamp), ', ') AS held_down_by, max(g.timestamp) AS seen\n" +
              `FROM gpu_samples AS g\nWHERE ${where}\nGROUP BY host, gpu\nORDER BY host, toUInt32OrZero(gpu)\nLIMIT 1000`,
            columns: {
              host: 'text',
              gpu: 'text',
              gpu_model: 'text',
              utilisation: 'number',
              used: 'number',
              memory: 'number',
              power: 'number',
              temperature: 'number',
              last_xid: 'number',
              held_down_by: 'text',
              seen: 'time',
            },
          },
          {
            units: {
              utilisation: 'percentunit',
              used: 'bytes',
              memory: 'bytes',
              power: 'watt',
              temperature: 'celsius',
              seen: 'dateTimeAsIso',
            },
          },
        ),
      ],
    },
  ],
}
