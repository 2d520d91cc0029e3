/** Cases after Prometheus's documentation of relabel_config, and after what its scraper does. */
import { describe, expect, test } from 'vitest'
import { createRelabel, type LabelSet } from './relabel.ts'
import { relabelConfig } from './relabel-config.ts'

const relabel = (rules: object[]) => createRelabel(rules.map((rule) => relabelConfig.parse(rule)))

describe('labels after the rules; null is dropped', () => {
  test.each<[string, LabelSet, object[], LabelSet | null]>([
    ['no rules; empty is absent', { a: '1', b: '' }, [], { a: '1' }],
    ['replace, all defaults', { a: 'x' }, [{ source_labels: ['a'], target_label: 'b' }], { a: 'x', b: 'x' }],
    [
      'joined by ;',
      { a: 'foo', b: 'bar' },
      [{ source_labels: ['a', 'b'], regex: '(f.*);(.*)r', target_label: 'c', replacement: '$2-${1}x' }],
      { a: 'foo', b: 'bar', c: 'ba-foox' },
    ],
    [
      'a separator',
      { a: '1', b: '2' },
      [{ source_labels: ['a', 'b'], separator: ':', target_label: 'c' }],
      { a: '1', b: '2', c: '1:2' },
    ],
    [
      'the expression is anchored',
      { a: 'boo' },
      [{ source_labels: ['a'], regex: 'o', target_label: 'b' }],
      { a: 'boo' },
    ],
    ['a constant', { a: '1' }, [{ target_label: 'b', replacement: 'x' }], { a: '1', b: 'x' }],
    ['an empty result deletes', { a: '1', b: '2' }, [{ target_label: 'b', replacement: '' }], { a: '1' }],
    ['a source that is absent is empty', { a: '1' }, [{ source_labels: ['none'], target_label: 'a' }], {}],
    [
      'a target by group',
      { a: 'some-name-value' },
      [{ source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', target_label: '${1}', replacement: '${2}' }],
      { a: 'some-name-value', name: 'value' },
    ],
    [
      'a target that is no name is left out',
      { a: 'x-y' },
      [{ source_labels: ['a'], target_label: '${1}', replacement: 'z' }],
      { a: 'x-y' },
    ],
    [
      '$1x is a group of its own, $$ a dollar',
      { a: 'v' },
      [{ source_labels: ['a'], regex: '(.)', target_label: 'b', replacement: '$$1$1x${1}x' }],
      { a: 'v', b: '$1vx' },
    ],
    [
      'a named group',
      { a: 'v1' },
      [{ source_labels: ['a'], regex: '(?P<letter>.)1', target_label: 'b', replacement: '$letter' }],
      { a: 'v1', b: 'v' },
    ],
    [
      'the annotated port',
      { __address__: '10.0.0.1:8000', __meta_port: '9400' },
      [
        {
          source_labels: ['__address__', '__meta_port'],
          regex: '([^:]+)(?::\\d+)?;(\\d+)',
          replacement: '$1:$2',
          target_label: '__address__',
        },
      ],
      { __address__: '10.0.0.1:9400', __meta_port: '9400' },
    ],
    ['keep', { a: 'x' }, [{ action: 'keep', source_labels: ['a'], regex: 'x|y' }], { a: 'x' }],
    ['keep, not matched', { a: 'xy' }, [{ action: 'keep', source_labels: ['a'], regex: 'x|y' }], null],
    ['drop', { a: 'x' }, [{ action: 'drop', source_labels: ['a'], regex: 'x' }], null],
    ['drop, not matched', { a: 'xx' }, [{ action: 'drop', source_labels: ['a'], regex: 'x' }], { a: 'xx' }],
    ['drop of everything', {}, [{ action: 'drop', source_labels: ['a'] }], null],
    [
      'keepequal',
      { a: '1', b: '1' },
      [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }],
      { a: '1', b: '1' },
    ],
    ['keepequal, not', { a: '1', b: '2' }, [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }], null],
    ['dropequal', { a: '1', b: '1' }, [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }], null],
    [
      'hashmod as Prometheus computes it',
      { a: 'foo', b: 'bar', c: 'baz' },
      [{ action: 'hashmod', source_labels: ['c'], target_label: 'd', modulus: 1000 }],
      { a: 'foo', b: 'bar', c: 'baz', d: '976' },
    ],
    [
      'hashmod of lines',
      { a: 'foo\nbar' },
      [{ action: 'hashmod', source_labels: ['a'], target_label: 'b', modulus: 1000 }],
      { a: 'foo\nbar', b: '734' },
    ],
    [
      'labelmap',
      { __meta_label_team: 'x', __meta_label_app: 'y', a: '1' },
      [{ action: 'labelmap', regex: '__meta_label_(.+)' }],
      { __meta_label_team: 'x', __meta_label_app: 'y', a: '1', team: 'x', app: 'y' },
    ],
    [
      'labelmap with a replacement',
      { a: 'foo', b1: 'bar', b2: 'baz' },
      [{ action: 'labelmap', regex: '(b.*)', replacement: 'bar_${1}' }],
      { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' },
    ],
    ['labeldrop', { a: '1', b1: '2', b2: '3' }, [{ action: 'labeldrop', regex: 'b.' }], { a: '1' }],
    ['labelkeep', { a: '1', b1: '2', b2: '3' }, [{ action: 'labelkeep', regex: 'b.' }], { b1: '2', b2: '3' }],
    [
      'lowercase and uppercase, whatever the case of the action',
      { a: 'FooBar' },
      [
        { action: 'Lowercase', source_labels: ['a'], target_label: 'b' },
        { action: 'UPPERCASE', source_labels: ['a'], target_label: 'c' },
      ],
      { a: 'FooBar', b: 'foobar', c: 'FOOBAR' },
    ],
    [
      'rules see what the ones before wrote, and stop at a drop',
      { a: 'x' },
      [
        { source_labels: ['a'], target_label: 'b' },
        { action: 'drop', source_labels: ['b'], regex: 'x' },
        { target_label: 'c', replacement: 'never' },
      ],
      null,
    ],
  ])('%s', (_, labels, rules, expected) => {
    const result = relabel(rules)(labels)
    expect('labels' in result ? result.labels : null).toEqual(expected)
  })
})

test('what dropped a target is said', () => {
  const rules = [
    { target_label: 'b', replacement: 'c' },
    { action: 'keep', source_labels: ['a', 'b'], regex: 'x;.*' },
  ]
  expect(relabel(rules)({ a: 'y' })).toEqual({
    dropped: 'relabel_configs[1], keep: a;b is "y;c" and does not match x;.*',
  })
})

describe('a rule that cannot be used names its field', () => {
  test.each<[object, string, string]>([
    [{ target_label: 'a', regex: '(?=x)' }, 'regex', 'look-around'],
    [{}, 'target_label', 'action replace needs one'],
    [{ action: 'keepequal', source_labels: ['a'] }, 'target_label', 'needs one'],
    [{ target_label: '1a' }, 'target_label', 'is no label name'],
    [{ target_label: '${1}-' }, 'target_label', 'is no label name'],
    [{ action: 'lowercase', target_label: '${1}' }, 'target_label', 'is no label name'],
    [{ action: 'hashmod', target_label: 'a' }, 'modulus', 'needs one'],
    [{ action: 'labeldrop', source_labels: ['a'], regex: 'b' }, 'source_labels', 'has no meaning'],
    [{ action: 'labelmap', regex: 'a', replacement: '-' }, 'replacement', 'no label name'],
    [{ action: 'dropequal', target_label: 'a', regex: 'b' }, 'regex', 'has no meaning'],
    [{ action: 'uppercase', target_label: 'a', replacement: 'b' }, 'replacement', 'has no meaning'],
    [{ action: 'delete' }, 'action', 'expected one of'],
  ])('%j: %s', (rule, field, message) => {
    const parsed = relabelConfig.safeParse(rule)
    const issue = parsed.error?.issues.find(({ path }) => path[0] === field)
    expect(issue?.message).toContain(message)
  })
})
