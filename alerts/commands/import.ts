/** `node main.ts alerts import`: files of Prometheus and its like, as ours. */
import type { Command } from 'commander'
import type { ImportFlags } from '../import/command.ts'

/** What carries over. The importers know best: their tests hold this true. */
const help = `
Of an alertmanager.yml it makes the section \`alerts:\` of a configuration: the
tree of routes with grouping, timings, matchers and time intervals; inhibition;
resolve_timeout; receivers of Slack (api_url), PagerDuty (routing_key), webhook,
e-mail, Teams (msteamsv2) and Discord. Secrets must stand in the file.
Of a rule file it makes one of ours: groups, intervals, limit, SQL, for,
keep_firing_for, labels and annotations. The clock in its SQL becomes the
moment of the evaluation; templates become ours where they only print.

Lost are, each with its line on stderr: other receivers, texts of messages and
HTTP settings, PromQL, recording rules, and templates that branch, loop or ask.
Nothing is sent, and no file is overwritten.
`

export function define(command: Command): void {
  command
    .argument('<file>')
    .description(
      'make our YAML of an alertmanager.yml, or of a rule file whose expressions are SQL; says what does not carry over',
    )
    .option('--output <file>', 'where it goes, a new file (default: printed)')
    .addHelpText('after', help)
    .action(async (file: string, flags: ImportFlags) => {
      const { importCommand } = await import('../import/command.ts')
      await importCommand(
        file,
        flags,
        (text) => process.stdout.write(text),
        (line) => process.stderr.write(`${line}\n`),
      )
    })
}
