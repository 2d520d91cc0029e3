/** Alertmanager's webhook, version 4, so that every receiver written for Alertmanager works; signed when there is a secret. */
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { webhookMessage } from './alertmanager-shape.ts'
import { channelFields } from './channel-fields.ts'
import { contentId } from './notification.ts'
import { defineNotifier } from './notifier.ts'
import { signatureHeaders } from './signature.ts'

export const webhook = defineNotifier({
  type: 'webhook',
  config: z
    .strictObject({
      type: z.literal('webhook'),
      ...channelFields,
      url: address.describe('Receives a POST in the shape of Alertmanager’s webhook'),
      secret: z
        .union([z.string().min(8), z.array(z.string().min(8)).min(1).max(5)])
        .optional()
        .describe(
          'Signs by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature); a list while it changes',
        ),
      headers: z
        .record(z.string().regex(/^[\w-]+$/), z.string())
        .default({})
        .describe('Sent too, such as authorization'),
      allow_http: allowHttp,
    })
    .superRefine(refusePlainHttp('url')),
  example: {
    type: 'webhook',
    url: 'https://example.com/hooks/alerts-5f1d3c9a',
    secret: 'whsec_c2VjcmV0LW9mLXRoZS1ob29r',
  },

  async send(notification, { url, secret, headers }, { post }) {
    const body = JSON.stringify(webhookMessage(notification))
    const id = contentId(notification)
    const signed = secret === undefined ? {} : signatureHeaders(id, notification.at, body, [secret].flat())
    await post(url, body, { headers: { ...headers, 'webhook-id': id, ...signed } })
    return null
  },
})
