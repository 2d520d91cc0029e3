/**
 * JSON Schema of the part of the Compose specification that docker-compose.yml uses, stricter than the specification: no
 * unknown keys, lists rather than strings, ports with their address.
 * https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
 */

const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text, minItems: 1, uniqueItems: true }
const duration = { type: 'string', pattern: String.raw`^(\d+(ms|s|m|h))+$` }

const strict = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

const named = (name: string, value: object) => ({
  type: 'object',
  patternProperties: { [name]: value },
  additionalProperties: false,
  minProperties: 1,
})

const condition = { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] }

const healthcheck = strict(
  {
    test: { type: 'array', items: text, minItems: 2, contains: { enum: ['CMD', 'CMD-SHELL'] } },
    interval: duration,
    timeout: duration,
    start_period: duration,
    retries: { type: 'integer', minimum: 1 },
  },
  ['test', 'interval', 'timeout', 'retries'],
)

const service = strict(
  {
    image: { type: 'string', pattern: String.raw`^[a-z0-9][a-z0-9./-]*:[\w.-]+$` },
    restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
    depends_on: named('^[a-z][a-z0-9_-]*$', strict({ condition }, ['condition'])),
    user: text,
    init: { type: 'boolean' },
    command: { ...texts, uniqueItems: false },
    environment: named('^[A-Z][A-Z0-9_]*$', text),
    volumes: { ...texts, items: { type: 'string', pattern: String.raw`^(\.[\w./-]*|[a-z][\w-]*):/[\w./-]+(:ro)?$` } },
    ports: { ...texts, items: { type: 'string', pattern: String.raw`^[\d.]+:\d+:\d+$` } },
    ulimits: named('^[a-z]+$', strict({ soft: { type: 'integer' }, hard: { type: 'integer' } }, ['soft', 'hard'])),
    secrets: texts,
    stop_grace_period: duration,
    healthcheck,
  },
  ['image', 'restart', 'volumes'],
)

export const composeSchema = strict(
  {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    services: named('^[a-zA-Z0-9._-]+$', service),
    secrets: named('^[a-zA-Z0-9._-]+$', strict({ environment: text }, ['environment'])),
    volumes: named('^[a-zA-Z0-9._-]+$', { type: 'null' }),
  },
  ['name', 'services', 'volumes'],
)
