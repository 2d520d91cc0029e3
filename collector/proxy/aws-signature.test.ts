import { expect, test } from 'vitest'
import { awsSigned, sha256 } from './aws-signature.ts'

const credentials = {
  region: 'us-east-1',
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const request = {
  method: 'POST',
  host: 'bedrock-runtime.us-east-1.amazonaws.com',
  path: '/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse',
  bodyHash: sha256('{}'),
  at: new Date('2026-11-26T12:00:00.123Z'),
}

const fields = (headers: readonly string[]) =>
  Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), headers[at + 1]]] : [])))

const listed = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/us-east-1/bedrock/aws4_request, SignedHeaders='

// Signatures by @smithy/signature-v4 5.6, of the same requests.
test.each([
  [request.path, 'e47c77339ec9d6666f2cf8b95ad670095ab2c1b68bd93b2d125f895ec6312a63'],
  ['/model/a/b(c)/x?z=1%202&a=%C3%BC', '1a4dc99050b7e07fd4227527461111de2d9ee493917998960ca6b0132e19bf87'],
])('signs the host, the type and what is AWS’s, and nothing that a hop may add: %s', (path, signature) => {
  const headers = ['Content-Type', 'application/json', 'traceparent', '00-1', 'x-amz-target', ' a   b ']
  const signed = fields(awsSigned(headers, { ...request, path }, credentials))
  expect(signed).toMatchObject({
    'x-amz-date': '20261126T120000Z',
    'x-amz-content-sha256': request.bodyHash,
    traceparent: '00-1',
  })
  const names = 'content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target'
  expect(signed['authorization']).toBe(`${listed}${names}, Signature=${signature}`)
})

test('a client’s own signature, date and token are gone; the endpoint’s token is signed', () => {
  const own = [
    'Authorization',
    'AWS4-HMAC-SHA256 Credential=client',
    'X-Amz-Date',
    '20200101T000000Z',
    'X-Amz-Security-Token',
    'client',
  ]
  const headers = awsSigned(own, request, { ...credentials, session_token: 'token' })
  expect(headers.join()).not.toContain('client')
  expect(headers.filter((name) => /^(authorization|x-amz-date|x-amz-security-token)$/i.test(name))).toHaveLength(3)
  expect(fields(headers)).toMatchObject({
    'x-amz-security-token': 'token',
    authorization: expect.stringContaining('x-amz-security-token'),
  })
})
