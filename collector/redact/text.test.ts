import { describe, expect, test } from 'vitest'
import { redactSecrets } from './secrets.ts'
import { redactText } from './text.ts'

/** Keys are put together here so that no scanner takes this file for a leak. */
const fake = (prefix: string, length: number) => prefix + 'aB3dE6gH9'.repeat(40).slice(0, length)
const aws = fake('AKIA', 0) + 'IOSFODNN7EXAMPLE'
const jwt = ['eyJ', 'hbGciOiJIUzI1NiJ9.', 'eyJ', 'zdWIiOiIxMjM0NTY3ODkwIn0.', fake('', 43)].join('')
const dashes = '-'.repeat(5)
const pem = (body: string) =>
  ['BEGIN', 'END'].map((word) => `${dashes}${word} RSA PRIVATE KEY${dashes}`).join(`\n${body}\n`)

describe('redactText', () => {
  test.each([
    ['Write to jane.doe+x@mail.example.co.uk.', 'Write to [email].'],
    ['a@b.io,c@d.io', '[email],[email]'],
    ['müller@münchen.de', '[email]'],
    ['"from":"jane@example.com"', '"from":"[email]"'],
    ['Card 4111 1111 1111 1111!', 'Card [card]!'],
    ['{"card":"5555555555554444"}', '{"card":"[card]"}'],
    ['pay DE89 3704 0044 0532 0130 00 now', 'pay [iban] now'],
    ['GB29NWBK60161331926819', '[iban]'],
    ['from 192.168.1.20, port 80', 'from [ip], port 80'],
    ['http://10.0.0.5:8000/v1', 'http://[ip]:8000/v1'],
    ['addr 2001:db8::8a2e:370:7334 up', 'addr [ip] up'],
    ['[fe80::1]', '[[ip]]'],
    ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '[ip]'],
    ['call +49 170 1234567 today', 'call [phone] today'],
    ['+14155552671', '[phone]'],
    ['(415) 555-2671 or 415-555-2671', '[phone] or [phone]'],
    ['1-800-555-0199', '[phone]'],
    ['0170 1234567', '[phone]'],
    ['01 23 45 67 89', '[phone]'],
    ['020 7946 0958', '[phone]'],
    [`key ${fake('sk-', 40)}`, 'key [key]'],
    [fake('sk-ant-api03-', 60), '[key]'],
    [aws, '[key]'],
    [fake('ghp_', 36), '[key]'],
    [fake('AIza', 35), '[key]'],
    [fake('xoxb-', 30), '[key]'],
    [fake('hf_', 30), '[key]'],
    [fake('sk-proj-', 150), '[key]'],
    [fake('sk_live_', 24), '[key]'],
    [fake('whsec_', 32), '[key]'],
    [fake('github_pat_', 60), '[key]'],
    [fake('glpat-', 20), '[key]'],
    [`https://hooks.slack.com/services/${fake('T', 30)}`, 'https://[key]'],
    [fake('ya29.', 60), '[key]'],
    [fake('nvapi-', 60), '[key]'],
    [`${fake('', 52)}JQQJ99${fake('', 26)}`, '[key]'],
    [`${aws}, ${fake('', 40)}`, '[key], [key]'],
    [`DefaultEndpointsProtocol=https;AccountKey=${fake('', 40)}==`, 'DefaultEndpointsProtocol=https;AccountKey=[key]'],
    [
      'https://x.blob.core.windows.net/c?sv=2024&sig=abc%2Bdef123',
      'https://x.blob.core.windows.net/c?sv=2024&sig=[key]',
    ],
    ['postgres://app:hunter2@db.internal:5432/shop', 'postgres://app:[password]@db.internal:5432/shop'],
    ['mongodb+srv://u:p%40ss@cluster0.example.net', 'mongodb+srv://u:[password]@cluster0.example.net'],
    ['Server=db;User Id=sa;Password=hunter2hunter2;', 'Server=db;User Id=sa;Password=[key];'],
    ['Authorization: Basic dXNlcjpwYXNzd29yZDE=', 'Authorization: Basic [key]'],
    ['4111 1111 1111 1111 123 12/28', '[card] 123 12/28'],
    [String.raw`C:\n0170 1234567`, String.raw`C:\n[phone]`],
    [String.raw`Hi\njane@example.com\n${fake('sk-', 40)}`, String.raw`Hi\n[email]\n[key]`],
    [String.raw`mail jane\u0040example.com`, 'mail [email]'],
    [`token ${jwt}.`, 'token [jwt].'],
    [`Authorization: Bearer ${jwt}`, 'Authorization: Bearer [jwt]'],
    [`Authorization: Bearer ${fake('', 30)}`, 'Authorization: Bearer [key]'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG', 'aws_secret_access_key = [key]'],
    ['{"api_key":"abcdefgh12345678"}', '{"api_key":"[key]"}'],
    [String.raw`{\"password\":\"hunter2hunter2\"}`, String.raw`{\"password\":\"[key]\"}`],
    [`before ${pem('MIIE')} after`, 'before [private key] after'],
  ])('%j', (text, redacted) => {
    expect(redactText(text)).toBe(redacted)
  })

  test.each([
    'The quick brown fox, 13 lazy dogs.',
    '{"created":1760000000,"id":1234567890123}',
    'at 1760000000000000000 ns',
    '2024-08-06T12:30:45.123Z, took 12:34:56',
    'gpt-4o-2024-08-06 costs 0.0025',
    'version 1.2.3 of 2.10.0',
    '550e8400-e29b-41d4-a716-446655440000',
    'std::vector<int>, a::b, Foo::Bar',
    'order 4111111111111112',
    '@mention, a @ b, user@localhost',
    'the bearer certificates of the bearer',
    'https://example.com:8080/a@b, http://host/path',
    'a basic understanding of an authorization',
    'the key to success; tokens: 23; a secret: none',
    '3.141592653589793238',
    '',
  ])('leaves %j', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test.each([
    // Escapes are read before they are looked through …
    [{ content: 'Hello\njane@example.com\t+49 170 1234567' }, { content: 'Hello\n[email]\t[phone]' }],
    // … and JSON in a string is JSON.
    [{ arguments: '{"to":"jane@example.com"}' }, { arguments: '{"to":"[email]"}' }],
    [{ a: '{"b":"{\\"c\\":\\"1\\\\n0170 1234567\\"}"}' }, { a: '{"b":"{\\"c\\":\\"1\\\\n[phone]\\"}"}' }],
    [
      { api_key: 'x', password: 1234, secrets: 2, token_count: 3 },
      { api_key: '[key]', password: '[key]', secrets: 2, token_count: 3 },
    ],
    [{ password: { type: 'string' } }, { password: { type: 'string' } }],
    [
      [5_555_555_555_554_444, 1_760_000_000_123],
      ['[card]', 1_760_000_000_123],
    ],
    [{ 'jane@example.com': 1 }, { '[email]': 1 }],
    [
      { key: pem('MIIE').slice(0, 40), b: 1 },
      { key: '[private key]', b: 1 },
    ],
  ])('%j', (value, redacted) => {
    expect(JSON.parse(redactText(JSON.stringify(value)))).toEqual(redacted)
    expect(JSON.parse(redactText(JSON.stringify([value], null, 2)))).toEqual([redacted])
  })

  test('an escaped sign is the sign', () => {
    expect(redactText(String.raw`{"mail":"jane\u0040example.com"}`)).toBe('{"mail":"[email]"}')
  })

  test('numbers and spaces of JSON stay as they were written', () => {
    const text = '{ "n": 12345678901234567890, "x": 1.0,\t"mail" : "[email]" }'
    expect(redactText(text.replace('[email]', 'jane@example.com'))).toBe(text)
  })

  test('JSON stays JSON', () => {
    const messages = [
      { role: 'user', content: `I am jane@example.com, ${aws}, call +49 170 1234567`, at: 1_760_000_000_123, n: 4.5 },
    ]
    const redacted: unknown = JSON.parse(redactText(JSON.stringify(messages)))
    expect(redacted).toEqual([{ ...messages[0], content: 'I am [email], [key], call [phone]' }])
  })

  test('what was redacted is not redacted again', () => {
    const once = redactText(`jane@example.com api_key=${fake('', 20)} ${aws} 192.168.1.1 Bearer ${jwt}`)
    expect(redactText(once)).toBe(once)
  })

  test('a private key that was cut off takes the rest with it', () => {
    expect(redactText(pem('MIIE').slice(0, 40))).toBe('[private key]')
    expect(redactText(`${pem('A')} x ${pem('B')} y`)).toBe('[private key] x [private key] y')
  })
})

/** Would take minutes, not milliseconds, if any pattern looked back or ahead without bound: the test's own limit decides. */
describe('a megabyte of hostile text', () => {
  const units =
    'a|1|4 |4-|-|a@|@|a.|1.|1:|::|f:|+1 |+49 |(|555-|0 |01 |DE12 ABCD|sk-|AKIA|eyJ|eyJaaaaaaaa.|key=|key: "|password |' +
    'bearer |authorization: basic |://a:|://|JQQJ9|AKIA |\\\\n|\\\\u0040|\\\\u|["|{"a":|[[|"password":|-----BEGIN |-----END|api_key=a,|fe80::|"| |\n|é|aA1-_.@+:/ |444444444444444|api_key\\\\\\'
  test.each(units.split('|'))('%j', { timeout: 10_000 }, (unit) => {
    const text = unit.repeat(Math.ceil(1e6 / unit.length))
    expect(redactText(text).length).toBeGreaterThan(0)
    expect(redactText(JSON.stringify([{ content: text, arguments: JSON.stringify({ text }) }])).length).toBeGreaterThan(
      0,
    )
  })
})

test('redactSecrets leaves what helps to find a fault', () => {
  const text = `connect ECONNREFUSED 10.0.0.5:8000; Incorrect API key provided: ${fake('sk-', 30)}`
  expect(redactSecrets(text)).toBe('connect ECONNREFUSED 10.0.0.5:8000; Incorrect API key provided: [key]')
  expect(redactSecrets('https://x.dev/v1?key=AIzaNotReallyAKey&alt=sse')).toBe('https://x.dev/v1?key=[key]&alt=sse')
})
