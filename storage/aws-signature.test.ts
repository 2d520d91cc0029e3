import { expect, test } from 'vitest'
import { awsSigned, encodedPath, sha256 } from './aws-signature.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, the examples whose fields we sign. */
test.each([
  ['/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
])('S3 signs GET %s as AWS’s documentation says', (path, signature) => {
  const request = {
    service: 's3',
    method: 'GET',
    host: 'examplebucket.s3.amazonaws.com',
    path,
    bodyHash: sha256(''),
    at: new Date('2013-05-24T00:00:00Z'),
  } as const
  const credentials = {
    region: 'us-east-1',
    access_key_id: 'AKIAIOSFODNN7EXAMPLE',
    secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  expect(awsSigned([], request, credentials).at(-1)).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
  )
})

test('a path is encoded between its slashes', () => {
  expect(encodedPath("a b/c+d/e'f(g)")).toBe('a%20b/c%2Bd/e%27f%28g%29')
})
