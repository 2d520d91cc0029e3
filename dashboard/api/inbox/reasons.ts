/** The words for every reason of an issue. To add one: a line in this table. */
import { otherSubjects, readPricedName } from '../../../records/ingest-issue.ts'
import { isSelfHosted } from '../../../records/provider.ts'
import type { IssueRow } from '../../../storage/queries/ingest.ts'
import type { Snippet, Words, WordsOf } from './advice.ts'
import { clientAdvice } from './clients.ts'

const sender = 'what sends these spans has to be put right; the example says which place in a request'
const lostSpans = 'These spans were refused, the rest of their request was kept'
const configuration = (text: string): Snippet => ({ label: 'inferwatch.yaml', text })

const badId = (title: string): Words => ({
  title,
  explanation: `${lostSpans}: without ids a span belongs to no trace and cannot be told from another.`,
  fix: `A trace id is 32 hex digits and a span id 16, not all zero: ${sender}.`,
})
const badStart = (title: string): Words => ({
  title,
  explanation: `${lostSpans}: they would stand where nobody looks, and out of every total.`,
  fix: `Times are nanoseconds since 1970 UTC: ${sender}, or its clock.`,
})
const badEnd = (title: string): Words => ({
  title,
  explanation: 'The spans were kept with a duration of zero, which pulls latencies down.',
  fix: `Times are nanoseconds since 1970 UTC, and a span ends after its start: ${sender}, or a clock that was set back meanwhile.`,
})
const badRequest = (title: string, fix: string): Words => ({
  title,
  explanation: 'Nothing of these requests was taken.',
  fix,
})

const badPoint = (title: string, fix: string): Words => ({
  title,
  explanation:
    'These points of metrics were left out, or taken without what is wrong in them; their other points were kept.',
  fix,
})
const ordinaryPoint = (title: string, explanation: string): Words => ({
  title,
  explanation,
  fix: 'Nothing, unless there are many of them.',
})

const unreadAnswer = (title: string): Words => ({
  title,
  explanation:
    'The client got every byte of these answers; the rest of what they say is missing in their requests, such as tokens.',
  fix: 'Compare the example with what the endpoint is configured as: its kind may be another.',
})
const unrecorded = (title: string, fix: string): Words => ({
  title,
  explanation: 'These calls went through the proxy as always, and are missing in every total.',
  fix,
})

const refusedKey = (title: string, fix: string): Words => ({
  title,
  explanation: 'The proxy refused these calls; neither they nor the key went to the vendor.',
  fix,
})
const usedUp =
  (title: string, limit: string, example: number): WordsOf =>
  ({ subject }) => ({
    title,
    explanation: `The key${subject === '' ? '' : ` ${subject}`} had used its limit: these calls were answered 429 and did not go to the vendor.`,
    fix: 'Nothing, if that is what the limit is for. Otherwise raise it.',
    snippet: configuration(`proxy:
  keys:
    - name: ${quoted(subject || 'search')}
      hash: sha256:${'0'.repeat(64)}
      limits: { ${limit}: ${example} }`),
  })

export const reasons: Record<string, WordsOf> = {
  // Calls of models that say too little.
  unmapped_call: {
    title: 'Spans that look like model calls but are none',
    explanation:
      'They carry a model, tokens or messages, yet not what tells a call from other work: they are stored as spans, and in no total.',
    fix: 'Let the client set gen_ai.operation.name and gen_ai.provider.name, or upgrade its instrumentation. If it is a widely used one, report it: the example names its scope.',
    snippet: {
      label: 'TypeScript',
      text: `span.setAttributes({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': model,
})`,
    },
  },
  no_stream_usage: ({ subject }) => ({
    title: 'Streams without token counts',
    explanation: 'Tokens and cost of these calls are unknown, and missing from every total.',
    ...fixOf(subject, 'usage'),
  }),
  no_usage: ({ subject }) => ({
    title: 'Calls without token counts',
    explanation:
      'Tokens and cost of these calls are unknown, and missing from every total. Many clients do not say which calls were streams.',
    ...fixOf(subject, 'usage'),
  }),
  estimated_usage: ({ subject }) => ({
    title: 'Token counts are estimates',
    explanation: 'The client counted by itself instead of asking the server: tokens and cost can be far off.',
    ...fixOf(subject, 'usage'),
  }),
  no_ttft: ({ subject }) => ({
    title: 'Streams without time to first token',
    explanation: 'TTFT and TPOT of these calls are unknown, unless another span of the same call tells them.',
    ...fixOf(subject, 'ttft'),
  }),
  logs_alone: {
    title: 'Calls of which only logs came',
    explanation:
      'Their spans did not come within half a minute: these calls are in no total. Either the client exports none, as OpenTelemetry’s for OpenAI does when a stream breaks off, or the call took longer and was counted since.',
    fix: 'Export traces beside logs, by the same resource, and read or close every stream.',
  },
  no_model: {
    title: 'Calls without a model name',
    explanation: 'Their tokens are known, their price is not.',
    fix: 'Let the client set gen_ai.request.model or gen_ai.response.model.',
  },
  unpriced_model: unpriced,
  unpriced_tier: unpricedTier,
  input_without_cache: {
    title: 'Input counted without cached tokens',
    explanation:
      'Some calls prove that this client leaves cached tokens out of its input, and were put right. Where the cached part is small nothing proves it: those calls count too little input.',
    fix: 'Upgrade the client: OTel’s gen_ai.usage.input_tokens includes tokens read from and written to the cache.',
  },
  output_without_reasoning: {
    title: 'Output counted without reasoning',
    explanation:
      'Some calls prove that this client leaves reasoning out of its output, and were put right. Where it reasons little nothing proves it: those calls count too little output.',
    fix: 'Upgrade the client: OTel’s gen_ai.usage.output_tokens includes reasoning tokens.',
  },
  cache_exceeds_input: {
    title: 'More cached tokens than input',
    explanation: 'The parts are more than their whole: one of the counts is wrong, and so is the cost.',
    fix: 'Look at what the client sends: input tokens are the total, with what was read from and written to the cache.',
  },
  reasoning_exceeds_output: {
    title: 'More reasoning than output',
    explanation: 'The part is more than its whole: one of the counts is wrong, and so is the cost.',
    fix: 'Look at what the client sends: output tokens are the total, with reasoning.',
  },
  clock_ahead: {
    title: 'A clock is ahead',
    explanation:
      'Spans ended seconds after they came in, so they stand at a wrong time: rates, alerts and the order of a trace are off by as much.',
    fix: 'Let NTP set the clock of the machine that this service runs on.',
    snippet: { label: 'Shell', text: 'timedatectl set-ntp true' },
  },

  clock_skew: {
    title: 'Clocks that disagree',
    explanation:
      'One service began before the other called it, or after that had its answer: the order within these traces is wrong, and so are the parts of a latency. Every eighth trace is looked at.',
    fix: 'Let NTP set the clocks of both machines.',
    snippet: { label: 'Shell', text: 'timedatectl set-ntp true' },
  },

  // Files that could not be written.
  export_failed: ({ subject }) => ({
    title: `The export ${subject || 'of a table'} cannot be written`,
    explanation:
      'Nothing is lost: what is due is written as soon as that works again, if its rows have not expired by then.',
    fix: 'The example says what is in the way: a full disk, a folder that may not be written, a bucket that refuses, or a column that is not there.',
  }),

  // What the pipeline changed.
  absurd_value: {
    title: 'Impossible token counts or times',
    explanation: 'Negative, endless or beyond a billion: these values were made unknown, the calls were kept.',
    fix: 'Look at what the client sends; the example is one such call.',
  },
  dialect_failed: {
    title: 'Spans that could not be read as calls',
    explanation: 'They are stored as spans, and in no total. This is a fault of Inferwatch.',
    fix: 'Report it with the span of the example.',
  },
  content_cut: {
    title: 'Prompts or answers were cut',
    explanation: 'Longer content than configured is stored up to the limit, and marked.',
    fix: 'Raise the limit if you need all of it.',
    snippet: configuration('content:\n  mode: redacted\n  max_bytes: 262144'),
  },

  // What the proxy could not record of calls.
  observer_failed: {
    title: 'Calls that the proxy could not record',
    explanation: 'Reading them failed inside Inferwatch. They went through as always, and are missing in every total.',
    fix: 'Report it with the example and the version of Inferwatch.',
  },
  observer_slow: {
    title: 'Calls that the proxy had no time to record',
    explanation:
      'Reading them would have held up the answer: they went through as always, and are missing in every total or incomplete.',
    fix: 'Give the machine more processor time, or run Inferwatch beside fewer models.',
  },
  observer_invalid: {
    title: 'Calls that the proxy stopped recording',
    explanation:
      'Inferwatch wanted to change more of the answer than it may. They went through unchanged, and are missing in every total.',
    fix: 'Report it with the example and the version of Inferwatch.',
  },
  bad_event: unreadAnswer('Streams with events that are no JSON'),
  bad_aws_message: unreadAnswer('Streams of AWS that are damaged'),
  bad_compression: unreadAnswer('Answers that cannot be decompressed'),
  unknown_encoding: unreadAnswer('Answers in an unknown compression'),
  event_too_long: unreadAnswer('Streams with events of more than a megabyte'),
  answer_too_large: unreadAnswer('Answers that are too large to be read'),
  parser_failed: {
    title: 'Calls that the proxy failed to read',
    explanation: 'The client got its answer as always. This is a fault of Inferwatch.',
    fix: 'Report it with the example.',
  },
  no_room_for_copies: {
    title: 'Calls without room for a copy',
    explanation:
      'More was on its way at once than the proxy keeps copies of: these calls are recorded without what they say, such as tokens.',
    fix: 'Let fewer large requests pass at once, or split them over several servers.',
  },
  usage_not_hidden: {
    title: 'Token counts that could not be hidden',
    explanation:
      'The proxy asked for the counts of these streams, and the client, which did not, got them too: the answer was compressed or had a fixed length.',
    fix: 'Nothing, if the client does not mind. Otherwise take ask_usage from the endpoint.',
  },
  too_many_calls: unrecorded(
    'Calls that came faster than they can be recorded',
    'Give this server more CPU, or share the calls between several.',
  ),
  calls_spool_full: unrecorded(
    'Calls while the spool was full',
    'ClickHouse was behind or away: look at its health, or raise spool.max_bytes.',
  ),
  calls_not_stored: unrecorded('Calls that could not be stored', 'Look into the log: the disk may be failing.'),
  limits_not_stored: {
    title: 'Rate limits that could not be stored',
    explanation: 'What providers said of their limits is missing for a few seconds.',
    fix: 'ClickHouse was behind or away: look at its health, or raise spool.max_bytes.',
  },

  probes_not_stored: {
    title: 'Probes that could not be stored',
    explanation: 'Whether endpoints were up at these moments is not known.',
    fix: 'ClickHouse was behind or away: look at its health, or raise spool.max_bytes.',
  },

  // Virtual keys.
  key_missing: refusedKey(
    'Calls without a virtual key',
    'Give the client a key of its own with npx node main.ts keys create, or take require_key from the proxy.',
  ),
  key_unknown: refusedKey(
    'Calls with an unknown virtual key',
    'Look for a client that has an old or mistyped key; npx node main.ts keys list shows those in use.',
  ),
  key_expired: refusedKey(
    'Calls with an expired key',
    'Make a new key for the client with npx node main.ts keys create.',
  ),
  key_revoked: refusedKey(
    'Calls with a revoked key',
    'Somebody still has this key: if it is not stolen, give the client a new one.',
  ),
  key_not_allowed: refusedKey(
    'Calls to endpoints that the key is not for',
    'Let the client call another endpoint, or give it a key for this one; the example names it.',
  ),
  requests_exhausted: usedUp('Keys at their limit of requests', 'requests_per_minute', 600),
  tokens_exhausted: usedUp('Keys at their limit of tokens', 'tokens_per_day', 5_000_000),
  usd_exhausted: usedUp('Keys at their limit of dollars', 'usd_per_month', 500),
  key_spending_unknown: {
    title: 'Calls of keys that count for nothing',
    explanation:
      'What these calls used cannot be known, so that it is not in what their key has used: its limits let more through than they say.',
    fix: 'The example says why: a model without a price, an answer without token counts, an API that the proxy cannot read, or a process that was killed.',
  },
  key_spending_not_stored: {
    title: 'Use of keys that could not be written down',
    explanation:
      'Limits of keys go on counting, and calls pass; after a restart they would forget what could not be written.',
    fix: 'Look at the disk of the data directory: it may be full or failing.',
  },
  key_spending_damaged: {
    title: 'Use of keys that cannot be read',
    explanation: 'What keys used before the last start is known in part: their limits let more through than they say.',
    fix: 'Look at the disk of the data directory: a file was changed or cut by something else.',
  },

  // Spans that cannot be as they are.
  missing_trace_id: badId('No trace id'),
  invalid_trace_id: badId('Invalid trace ids'),
  zero_trace_id: badId('Trace ids of zeros'),
  missing_span_id: badId('No span id'),
  invalid_span_id: badId('Invalid span ids'),
  zero_span_id: badId('Span ids of zeros'),
  missing_start_time: badStart('No start time'),
  start_before_2000: badStart('Start times before 2000'),
  start_in_the_future: badStart('Start times more than a day ahead'),
  missing_end_time: badEnd('No end time'),
  end_before_start: badEnd('Spans that end before they start'),
  end_in_the_future: badEnd('End times far in the future'),
  invalid_parent_span_id: {
    title: 'Invalid parent ids',
    explanation: 'These spans were kept as roots: their traces fall apart, and they inherit no user or session.',
    fix: `A span id is 16 hex digits: ${sender}.`,
  },
  invalid_link: {
    title: 'Invalid links',
    explanation: 'The spans were kept without these links.',
    fix: `A link has a trace id and a span id: ${sender}.`,
  },
  invalid_event_time: {
    title: 'Invalid times of events',
    explanation: 'These events were put at the start of their span: a TTFT read from them is unknown.',
    fix: `Times are nanoseconds since 1970 UTC: ${sender}.`,
  },
  value_too_long: {
    title: 'Attributes were cut',
    explanation:
      'Longer values than configured are stored up to the limit; JSON that is cut cannot be read as messages.',
    fix: 'Raise the limit, or let the client send less.',
    snippet: configuration('ingest:\n  max_attribute_bytes: 1048576'),
  },
  resource_too_large: {
    title: 'Resource attributes were dropped',
    explanation: 'A resource stands with every span: what goes beyond its limit is left out.',
    fix: 'Let the client put fewer or shorter attributes on its resource.',
  },

  // Requests that cannot be taken.
  undecodable: badRequest(
    'Requests that are no OTLP',
    'The body has to be what its content type says; the example says where it is not.',
  ),
  bad_gzip: badRequest(
    'Bodies that are not gzip',
    'The client says Content-Encoding: gzip and sends something else: look at proxies between.',
  ),
  not_http2: badRequest(
    'Connections that do not speak gRPC',
    'Something else knocks at the gRPC port: send OTLP/HTTP to the HTTP port.',
  ),
  cut_off: badRequest(
    'Bodies that were cut off',
    'The connection ended early: look at time-outs of the client and of proxies between.',
  ),
  bad_frame: badRequest(
    'Messages of gRPC that cannot be read',
    'The client breaks gRPC’s framing: look at proxies between.',
  ),
  content_type: badRequest(
    'Unknown content types',
    'Send application/x-protobuf or application/json to the HTTP port, application/grpc to the gRPC port.',
  ),
  content_encoding: badRequest('Unknown compression', 'Send gzip or nothing.'),
  method_not_allowed: badRequest('Requests that are no POST', 'OTLP is sent by POST.'),
  unknown_path: {
    ...badRequest(
      'Unknown paths',
      'Point the exporter at the root of this server; it appends /v1/traces by itself. Where that cannot be changed, serve its path too.',
    ),
    snippet: configuration('ingest:\n  extra_paths: ["/otlp"]'),
  },
  body_too_large: {
    ...badRequest('Requests that are too large', 'Let the exporter send smaller batches, or raise the limit.'),
    snippet: configuration('ingest:\n  max_body_bytes: 134217728'),
  },
  unauthorised: {
    ...badRequest('Requests without a key', 'Send one of ingest.api_keys with every export.'),
    snippet: { label: 'Environment of the client', text: 'OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<key>"' },
  },
  spool_full: badRequest(
    'Requests while the spool was full',
    'ClickHouse was behind or away: exporters send again, for as long as their queue lasts. Look at its health, or raise spool.max_bytes.',
  ),
  busy: badRequest(
    'Requests while there was no memory for them',
    'More came at once than this server holds in memory: exporters send again. Let them send smaller batches, less often.',
  ),
  internal_error: badRequest('Requests that failed here', 'This is a fault of Inferwatch: its log says more.'),
  metrics_not_stored: {
    title: 'Metrics that are not stored',
    explanation: 'They were acknowledged and dropped.',
    fix: 'Turn the export of metrics to this server off.',
    snippet: { label: 'Environment of the client', text: 'OTEL_METRICS_EXPORTER=none' },
  },
  logs_not_stored: {
    title: 'Logs that are not stored',
    explanation: 'They were acknowledged and dropped.',
    fix: 'Turn the export of logs to this server off.',
    snippet: { label: 'Environment of the client', text: 'OTEL_LOGS_EXPORTER=none' },
  },

  not_genai: {
    title: 'Logs that are not about model calls',
    explanation: 'Inferwatch keeps the log events of calls, not logs: these were refused.',
    fix: 'Send other logs elsewhere, by a pipeline of its own in a collector or by the exporter of one logger.',
  },

  // Points of metrics.
  no_recorded_value: ordinaryPoint(
    'Points without a value',
    'A series that ends says so with such a point: nothing is missing.',
  ),
  duplicate_point: ordinaryPoint(
    'Points that came twice',
    'Exporters send again what they had no answer for: nothing is missing.',
  ),
  counter_reset: ordinaryPoint('Counters that began anew', 'Their process was restarted: increases count from there.'),
  first_after_restart: ordinaryPoint(
    'First points after a restart of Inferwatch',
    'The increase up to them is unknown, the next ones are.',
  ),
  first_after_eviction: ordinaryPoint(
    'First points of series that were forgotten',
    'The increase up to them is unknown, the next ones are.',
  ),
  unknown_start: badPoint('Cumulative points without a start', 'Let the exporter set startTimeUnixNano.'),
  out_of_order_point: badPoint(
    'Points older than the one before',
    'One series comes from two senders, or by two ways: give each a service.instance.id of its own.',
  ),
  buckets_changed: badPoint(
    'Histograms whose buckets changed',
    'One series comes from two senders with different buckets: give each a service.instance.id of its own.',
  ),
  invalid_start_time: badPoint(
    'Invalid start times',
    'Times are nanoseconds since 1970 UTC, and a point starts before its time.',
  ),
  missing_time: badPoint('No time', 'Let the exporter set timeUnixNano.'),
  missing_value: badPoint('No value', 'Let the exporter set asDouble or asInt.'),
  not_finite: badPoint(
    'Values that are no number',
    'NaN and infinity add up to nothing: the instrument has to leave them out.',
  ),
  missing_temporality: badPoint(
    'No temporality',
    'Let the exporter set aggregationTemporality to delta or cumulative.',
  ),
  malformed_buckets: badPoint('Malformed histograms', 'Bounds have to rise, with one count more than bounds.'),
  too_many_buckets: badPoint(
    'Histograms with too many buckets',
    'Use fewer buckets, or a lower scale of exponential ones.',
  ),
  count_mismatch: badPoint(
    'Histograms whose count is not the sum of their buckets',
    'The buckets were believed: the exporter has to be put right.',
  ),

  // Scrapes.
  unreadable_line: {
    title: 'Lines of a metrics page that cannot be read',
    explanation: 'The other lines of the page were taken.',
    fix: 'The example says which page and line: the exporter has to be put right.',
  },
  max_series: {
    title: 'Too many series on a metrics page',
    explanation: 'What goes beyond the limit was left out.',
    fix: 'Let the exporter show fewer series, or raise the limit.',
    snippet: configuration('scrape:\n  max_series: 100000'),
  },

  // What runs where.
  topology_endpoint: {
    title: 'Servers that may serve several endpoints',
    explanation:
      'Calls of each of these endpoints are answered with the model of this server, so it is counted for none: their GPUs and the cost of their hours are unknown.',
    fix: 'Say which endpoint its target serves, or let the endpoint forward to it.',
    snippet: configuration(`scrape:
  targets:
    - { url: "http://vllm-1:8000/metrics", endpoint: llama-70b }`),
  },
  topology_gpus: {
    title: 'Servers that share a host with GPUs',
    explanation: 'Nothing says which of the GPUs each server uses, so none is counted for any of them.',
    fix: 'Choose the GPUs of each endpoint by their columns, such as host and gpu. In Kubernetes the pod says it: the exporter has to name pods.',
    snippet: configuration(`endpoints:
  - { name: llama-70b, upstream: "http://gpu-node-1:8000", gpus: { host: gpu-node-1, gpu: "0" } }
  - { name: qwen-7b, upstream: "http://gpu-node-1:8001", gpus: { host: gpu-node-1, gpu: "1" } }`),
  },
  topology_shared_gpus: {
    title: 'GPUs of an endpoint that its servers share',
    explanation:
      'The GPUs are counted for the endpoint; which server uses which is unknown, so the pages of its servers do not show them.',
    fix: 'Say where each server runs: the label host of its target is the host of its GPUs.',
    snippet: configuration(`scrape:
  targets:
    - { url: "http://10.0.0.7:8000/metrics", endpoint: llama-70b, labels: { host: gpu-node-1 } }`),
  },
  topology_host_twice: {
    title: 'Two machines with GPUs of the same name',
    explanation: 'Their servers and GPUs cannot be told apart, so no GPU is counted for any server on them.',
    fix: 'Give each exporter the name of its own host, and its servers the same one.',
    snippet: configuration(`scrape:
  targets:
    - { url: "http://10.0.0.7:9400/metrics", labels: { host: gpu-node-1 } }
    - { url: "http://10.0.0.8:9400/metrics", labels: { host: gpu-node-2 } }`),
  },
  topology_gpus_unmatched: {
    title: 'An endpoint’s configuration that chooses no GPU',
    explanation: 'No GPU is as its `gpus` say, so none is counted for it.',
    fix: 'Compare them with the page GPUs: names and values are those of the columns host, gpu, uuid, device, namespace, pod and the like.',
  },

  // Storage.
  segment_rejected: {
    title: 'Rows that ClickHouse refused',
    explanation: 'They were acknowledged and are set aside in the spool’s directory, not stored.',
    fix: 'The example says why: look at schema and free space of ClickHouse.',
  },
  segment_damaged: {
    title: 'Damaged files of the spool',
    explanation: 'Rows after the damage are lost.',
    fix: 'Look at the disk: a file was changed or cut by something else.',
  },
}

function fixOf(client: string, about: 'usage' | 'ttft'): Pick<Words, 'fix' | 'snippet'> {
  const { text, snippet = null } = clientAdvice(client, about)
  return { fix: text, snippet }
}

const repriced = 'What is stored gets it by npx node main.ts reprice --since 30d.'

function unpriced({ subject }: IssueRow): Words {
  const title = 'Models without a price'
  const explanation = 'Neither your own prices nor the price lists have it: tokens are known, cost is not.'
  if (subject === otherSubjects)
    return { title, explanation, fix: 'Give prices to the models of the other rows first.' }
  const { provider, model } = readPricedName(subject)
  if (provider.startsWith('azure')) {
    return {
      title,
      explanation: 'Azure names deployments, not models, and no price list knows yours: tokens are known, cost is not.',
      fix: `Say which model the deployment serves. ${repriced}`,
      snippet: configuration(`prices:
  deployments:
    ${quoted(model)}: # the model behind it, such as gpt-4o`),
    }
  }
  const who = isSelfHosted(provider) ? 'You serve it yourself: say what it costs' : 'Add the price that you pay'
  return {
    title,
    explanation,
    fix: `${who}, in dollars per 1M tokens. ${repriced}`,
    snippet: configuration(`prices:
  overrides:
    - name: ${quoted(model)}${provider === '' ? '' : `\n      provider: ${quoted(provider)}`}
      model: ${quoted(model)}
      input_usd: # per 1M input tokens
      output_usd: # per 1M output tokens`),
  }
}

function unpricedTier({ example }: IssueRow): Words {
  const tier = /^service tier (.+)/.exec(example)?.[1] ?? 'flex'
  return {
    title: 'Service tiers without a price',
    explanation:
      'Neither your own prices nor the price lists have the model in this tier: tokens are known, cost is not.',
    fix: `Say how its rates compare with the usual ones; a model without usual rates needs an override too. ${repriced}`,
    snippet: configuration(`prices:
  multipliers:
    ${quoted(tier)}: # 0.5 for half of the usual rates`),
  }
}

/** YAML's double-quoted style takes all of JSON's. */
const quoted = (text: string) => JSON.stringify(text)
