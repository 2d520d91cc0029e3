/** What the clients of the proxy share: each scenario runs at the endpoint itself and through the proxy, and both must come to the same. */

/**
 * Prints `{ <scenario>: { direct, proxied } }`, each what the scenario came to, or `{ error }`. A scenario gets its base URL, and whether
 * the proxy is before it. DIRECT and PROXIED are base URLs; the next step of the path says who calls.
 */
export async function runBoth(scenarios) {
  const { CLIENT: client, DIRECT: direct, PROXIED: proxied } = process.env
  const run = (scenario, url, through) =>
    scenario(url, through).catch((error) => ({ error: `${error.name}: ${error.message}` }))
  const results = {}
  // One after the other: a machine that is busy with all at once may be too slow to observe them.
  for (const [name, scenario] of Object.entries(scenarios)) {
    const path = `${client}-${name}`
    results[name] = {
      direct: await run(scenario, `${direct}/${path}`, false),
      proxied: await run(scenario, `${proxied}/${path}`, true),
    }
  }
  process.stdout.write(JSON.stringify(results))
}
