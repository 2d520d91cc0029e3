/** Which pages are pictured, how, and the page that shows the pictures. */

export const looks = [
  { name: 'light', scheme: 'light', size: { width: 1440, height: 900 } },
  { name: 'dark', scheme: 'dark', size: { width: 1440, height: 900 } },
  { name: 'phone', scheme: 'light', size: { width: 390, height: 844 } },
] as const
export type Look = (typeof looks)[number]['name']

/** By the name of its files, what stands over each. */
export const pageTitles = {
  overview: 'Overview',
  models: 'Models',
  model: 'One model',
  endpoints: 'Endpoints',
  endpoint: 'One endpoint',
  servers: 'Servers',
  server: 'One server',
  gpus: 'GPUs',
  gpu: 'One GPU',
  uptime: 'Uptime',
  requests: 'Requests',
  trace: 'A trace',
  conversation: 'A conversation',
  sessions: 'Sessions',
  session: 'One session',
  users: 'Users',
  user: 'One user',
  cost: 'Cost',
  alerts: 'Alerts',
  rules: 'Rules',
  objectives: 'Objectives',
  'rule-editor': 'Rule editor',
  sql: 'SQL',
  schema: 'Schema',
  targets: 'Targets',
  ingest: 'Ingest',
  settings: 'Settings',
} as const
export type PageName = keyof typeof pageTitles
export const pageNames = Object.keys(pageTitles) as PageName[]

export const fileOf = (page: string, look: Look) => `${page}-${look}.webp`

/** Markdown for the folder of the pictures. */
export function gallery(): string {
  const sections = pageNames.map((page) => {
    const title = pageTitles[page]
    const pictures = looks.map(
      ({ name, size }) =>
        `<img src="${fileOf(page, name)}" alt="${title}, ${name}" width="${Math.round((size.width / 1830) * 50)}%">`,
    )
    return `## ${title}\n\n${pictures.join('\n')}\n`
  })
  return `# Every page, with demo traffic\n\nIn light, in dark, and on a phone, as \`npm run shots test/shots/pictures\` took them.\n\n${sections.join('\n')}`
}
