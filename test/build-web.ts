/** Before any test: the web app, once, so that instances that start side by side do not each build it. */
import { buildWeb } from '../dashboard/build.ts'

export default async function setup(): Promise<void> {
  await buildWeb()
}
