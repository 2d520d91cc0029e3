/** What the scraper says about itself at /metrics. */
import { metrics } from '@opentelemetry/api'

export type ScrapeMetrics = ReturnType<typeof scrapeMetrics>

/** Made at start, after the meter provider was registered. */
export function scrapeMetrics() {
  const meter = metrics.getMeter('inferwatch')
  return {
    scrapes: meter.createCounter('inferwatch.scrape.scrapes', { description: 'Scrapes of metrics pages, by kind' }),
    failures: meter.createCounter('inferwatch.scrape.failures', { description: 'Scrapes that failed, by reason' }),
    skipped: meter.createCounter('inferwatch.scrape.skipped', {
      description: 'Scrapes left out because the one before of the same target was still running',
    }),
    duration: meter.createHistogram('inferwatch.scrape.duration_seconds', {
      description: 'Time from a request to the parsed page',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
    }),
    samples: meter.createCounter('inferwatch.scrape.samples', { description: 'Samples read from pages' }),
    refused: meter.createCounter('inferwatch.scrape.refused', {
      description: 'Samples not taken from pages, by reason: too many series, or a line that cannot be read',
    }),
    duplicateGpus: meter.createCounter('inferwatch.scrape.duplicate_gpus', {
      description: 'GPU rows not stored because another target shows the same GPU with more detail, or did first',
    }),
    refusedTargets: meter.createCounter('inferwatch.scrape.refused_targets', {
      description: 'Discovered targets beyond scrape.discovery.max_targets, by provider',
    }),
    dropped: meter.createCounter('inferwatch.scrape.dropped', {
      description: 'Samples left out of metric_samples as scrape.metrics says',
    }),
    lost: meter.createCounter('inferwatch.scrape.lost', {
      description: 'Rows that the spool did not take; their counters are covered by the next scrape',
    }),
  }
}
