/**
 * Labels that gateways put persons, or what stands for them, into. LiteLLM has a series for each of their values.
 * https://docs.litellm.ai/docs/proxy/prometheus
 */
export const personalLabels = [
  'api_key_alias',
  'client_ip',
  'end_user',
  'hashed_api_key',
  'user',
  'user_agent',
  'user_alias',
  'user_email',
  'user_id',
] as const
