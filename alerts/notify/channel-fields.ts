/** What every channel may say, whoever the vendor is. */
import { z } from 'zod'

export const channelFields = {
  send_resolved: z.boolean().default(true).describe('Whether it is told the end of what it was told of'),
}
