/** The engine's own metrics. Made at start, when the meter provider is there. */
import { metrics, type Counter, type Histogram } from '@opentelemetry/api'

export interface Telemetry {
  evaluations: Counter
  evaluationFailures: Counter
  evaluationSeconds: Histogram
  missedTicks: Counter
  caughtUp: Counter
  notifications: Counter
  rowsDropped: Counter
  lateWrites: Counter
  refused: Counter
}

export function createTelemetry(): Telemetry {
  const meter = metrics.getMeter('inferwatch')
  return {
    evaluations: meter.createCounter('inferwatch.alerts.evaluations', {
      description: 'Evaluations of alert rules, by group',
      unit: '{evaluation}',
    }),
    evaluationFailures: meter.createCounter('inferwatch.alerts.evaluation_failures', {
      description: 'Evaluations whose query or answer failed; the state of their alerts stays as it was',
      unit: '{evaluation}',
    }),
    evaluationSeconds: meter.createHistogram('inferwatch.alerts.evaluation_duration_seconds', {
      description: 'Duration of one evaluation of a rule group',
      unit: 's',
    }),
    missedTicks: meter.createCounter('inferwatch.alerts.missed_evaluations', {
      description:
        'Evaluations of a rule group that were not made in time: the one before took too long, or nobody was there',
      unit: '{evaluation}',
    }),
    caughtUp: meter.createCounter('inferwatch.alerts.caught_up_evaluations', {
      description: 'Missed evaluations of a rule group that were made later, from stored data',
      unit: '{evaluation}',
    }),
    notifications: meter.createCounter('inferwatch.alerts.notifications', {
      description: 'Attempts at a notification, by channel type and outcome',
      unit: '{attempt}',
    }),
    rowsDropped: meter.createCounter('inferwatch.alerts.rows_dropped', {
      description: 'Rows of alert state given up because the database was away for too long, or can never take them',
      unit: '{row}',
    }),
    lateWrites: meter.createCounter('inferwatch.alerts.late_writes', {
      description:
        'Times that an evaluation went on without its state on record, because the database was slow to take it',
      unit: '{write}',
    }),
    refused: meter.createCounter('inferwatch.alerts.refused', {
      description: 'Silences and alerts from elsewhere that were refused because too many are there already',
      unit: '{refusal}',
    }),
  }
}
