/** Why a call was not recorded, or not all of it: reasons of issues, which the inbox has words for. */
export const problems = [
  'bad_event',
  'bad_aws_message',
  'bad_compression',
  'unknown_encoding',
  'event_too_long',
  'answer_too_large',
  'parser_failed',
  'no_room_for_copies',
  'usage_not_hidden',
  'too_many_calls',
  'calls_spool_full',
  'calls_not_stored',
  'limits_not_stored',
] as const
export type Problem = (typeof problems)[number]
