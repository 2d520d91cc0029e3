/** What `alerts import --help` says of what carries over. The importers know best: their tests hold this true. */
export const importHelp = `
Of an alertmanager.yml it makes the section \`alerts:\` of a configuration: the
tree of routes with grouping, timings, matchers and time intervals; inhibition;
resolve_timeout; receivers of Slack (api_url), PagerDuty (routing_key), webhook,
e-mail, Teams (msteamsv2) and Discord. Secrets must stand in the file.
Of a rule file it makes one of ours: groups, intervals, limit, SQL, for,
keep_firing_for, labels and annotations. The clock in its SQL becomes the
moment of the evaluation; templates become ours where they only print.

Lost are, each with its line on stderr: other receivers, texts of messages and
HTTP settings, send_resolved: false, templates, PromQL, recording rules, and
templates that branch, loop or ask. Nothing is sent, and no file is overwritten.
`
