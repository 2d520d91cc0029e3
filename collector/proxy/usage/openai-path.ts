/** The paths of OpenAI's API, wherever servers hang them up: /v1/…, /openai/v1/…, /api/v1/…, Azure's with a deployment. */

/** Whether a path ends like this, below any prefix. */
export const inPath = (path: string, ending: string) => path.endsWith(ending) || path.endsWith(`${ending}/`)

/** The deployment in Azure's paths, which stands for a model; '' in others. */
export function deploymentOf(path: string): string {
  const name = /\/deployments\/([^/]+)\//.exec(path)?.[1] ?? ''
  return decoded(name)
}

/** A part of a path without its escapes; as it is when they are broken. */
export function decoded(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
