import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertsConfig } from '../config.ts'
import { routeConfig } from './config.ts'
import { compileRoute, groupKeyOn, routesFor } from './route.ts'

const tree = compileRoute(
  routeConfig.parse(
    parse(`
      receiver: default
      group_by: [alertname]
      group_wait: 10s
      routes:
        - matchers: [ 'severity="page"' ]
          receiver: pager
          group_wait: 1s
          routes:
            - { match: { team: gpu }, match_re: { host: "gpu-.*" }, receiver: gpu, group_by: ['...'] }
        - { matchers: 'team=~"a|b"', receiver: first, continue: true }
        - { matchers: [ team=a, 'env!=dev' ], receiver: second, mute_time_intervals: [nights] }
        - { matchers: [ kind=audit ], continue: true, repeat_interval: 1d }
        - { matchers: [ kind=~".+" ], receiver: kinds }
    `),
  ),
  'unused',
)

test.each<[Record<string, string>, string[]]>([
  [{}, ['default {}:{alertname="X"}']],
  [{ severity: 'page' }, ['pager {}/{severity="page"}:{alertname="X"}']],
  // Matchers are sorted; `...` takes all labels.
  [
    { severity: 'page', team: 'gpu', host: 'gpu-1' },
    [
      'gpu {}/{severity="page"}/{host=~"^(?:gpu-.*)$",team="gpu"}:{alertname="X", host="gpu-1", severity="page", team="gpu"}',
    ],
  ],
  [{ severity: 'page', team: 'gpu', host: 'cpu-1' }, ['pager {}/{severity="page"}:{alertname="X"}']],
  [{ team: 'a' }, ['first {}/{team=~"a|b"}:{alertname="X"}', 'second {}/{env!="dev",team="a"}:{alertname="X"}']],
  [{ team: 'a', env: 'dev' }, ['first {}/{team=~"a|b"}:{alertname="X"}']],
  // A receiver that is left out is that of the route above.
  [{ kind: 'audit' }, ['default {}/{kind="audit"}:{alertname="X"}', 'kinds {}/{kind=~".+"}:{alertname="X"}']],
])('%j goes to %j', (labels, expected) => {
  const all = { alertname: 'X', ...labels }
  expect(routesFor(tree, all).map((route) => `${route.receiver} ${groupKeyOn(route, all)}`)).toEqual(expected)
})

test('timings are inherited, time intervals are not', () => {
  const [gpu] = routesFor(tree, { severity: 'page', team: 'gpu', host: 'gpu-1' })
  expect(gpu?.timings).toEqual({ group_wait_ms: 1_000, group_interval_ms: 300_000, repeat_interval_ms: 14_400_000 })
  expect(routesFor(tree, { team: 'a' })[1]?.mute_time_intervals).toEqual(['nights'])
})

test.each([
  [{ route: { routes: [{ receiver: 'x' }] } }, 'route.routes.0.receiver: "x" is no receiver; expected one of: ops'],
  [
    { route: { routes: [{ routes: [{ mute_time_intervals: ['x'] }] }] } },
    'route.routes.0.routes.0.mute_time_intervals: "x" is no time interval',
  ],
  [{ route: { matchers: ['a=b'] } }, 'route.matchers: the root takes every alert'],
  [{ route: { routes: [{ matchers: ['a'] }] } }, 'route.routes.0.matchers.0: expected a matcher'],
  [{ route: { routes: [{ match_re: { a: '(' } }] } }, 'route.routes.0.match_re.a: expected a regular expression'],
  [{ route: { continue: true } }, 'route.continue: nothing comes after'],
  [{ route: { active_time_intervals: ['x'] } }, 'route.active_time_intervals: expected it on a route below'],
  [{ inhibit_rules: [{ target_matchers: ['a=b'] }] }, 'inhibit_rules.0.source_matchers: expected a matcher'],
  [
    {
      time_intervals: [
        { name: 'n', time_intervals: [{}] },
        { name: 'n', time_intervals: [{}] },
      ],
    },
    'time_intervals.1.name: "n" is used twice',
  ],
  [
    { time_intervals: [{ name: 'n', time_intervals: [{ weekdays: ['x'] }] }] },
    'time_intervals.0.time_intervals.0.weekdays.0: expected names',
  ],
])('%j is refused: %s', (config, expected) => {
  const receivers = [{ name: 'ops', notify: [{ type: 'webhook', url: 'https://example.com' }] }]
  const issues = alertsConfig.safeParse({ receivers, ...config }).error?.issues ?? []
  expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')).toContain(expected)
})
