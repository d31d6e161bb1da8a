/** What a file is taken for: the roles of its columns, guessed by names and kinds, or as they are given. */
import { describe, expect, test } from 'vitest';
import type { ColumnKind, SeenColumn } from '../../lib/tasks/table.ts';
import { type GivenRoles, levelOf, type Roles, rolesOf, type TaskName } from '../../lib/tasks/understanding.ts';

/** Columns as `name:kind`, numbers unless said. */
const columns = (text: string): readonly SeenColumn[] =>
  text.split(' ').map(column => {
    const [name = '', kind = 'number'] = column.split(':');
    return { name, kind: kind as ColumnKind };
  });

describe('columns are taken for', () => {
  test.each<[TaskName, string, GivenRoles, Roles]>([
    ['forecast', 'date:text t', {}, { time: 'date', features: ['t'], target: 't' }],
    ['forecast', 'rain t', {}, { features: ['rain', 't'], target: 't' }],
    ['forecast', 'target rain', {}, { features: ['target', 'rain'], target: 'target' }],
    ['forecast', 'a b c', { target: 'a', features: ['c'] }, { features: ['c', 'a'], target: 'a' }],
    ['forecast', 'station:text t', { sequence: 'station' }, { sequence: 'station', features: ['t'], target: 't' }],
    ['forecast', 'series_id rain t', {}, { sequence: 'series_id', features: ['rain', 't'], target: 't' }],
    ['classify', 'text:text label:text', {}, { features: [], text: 'text', target: 'label' }],
    ['classify', 'label:text title:text', {}, { features: [], text: 'title', target: 'label' }],
    ['classify', 'id x y class:text', {}, { sequence: 'id', features: ['x', 'y'], target: 'class' }],
    ['classify', 'id word:text class:text', {}, { sequence: 'id', features: [], text: 'word', target: 'class' }],
    ['classify', 'steps:list label', {}, { features: [], text: 'steps', target: 'label' }],
    ['classify', 'walk x y who:text', { sequence: 'walk' }, { sequence: 'walk', features: ['x', 'y'], target: 'who' }],
    ['tag', 'tokens:list tags:list', {}, { features: [], text: 'tokens', target: 'tags' }],
    ['tag', 'sentence word:text tag:text', {}, { sequence: 'sentence', features: [], text: 'word', target: 'tag' }],
    ['translate', 'english:text swedish:text', {}, { features: [], text: 'english', target: 'swedish' }],
    ['translate', 'a:text b:text', { target: 'a' }, { features: [], text: 'b', target: 'a' }],
    ['language', 'id line:text', {}, { features: [], text: 'line' }],
  ])('%s: %s, %o', (task, seen, given, roles) => {
    expect(rolesOf(task, columns(seen), given)).toEqual(roles);
  });

  test.each<[TaskName, string, GivenRoles, string]>([
    ['forecast', 'a:text', {}, 'target: expected a column of numbers among a, got none'],
    ['forecast', 'a;b:text', {}, 'target: expected a column of numbers among a;b, got none (delimiter ";", if that'],
    ['forecast', 'a', { features: ['b'] }, 'features: expected one of the columns a, got b'],
    ['language', 'a', {}, 'text: expected a column of text among a, got none'],
    ['translate', 'a b:text', {}, 'text: expected a column of text or lists beside the target among a, b, got none'],
    ['classify', 'a b:text', { time: 'c' }, 'time: expected one of the columns a, b, got c'],
  ])('nothing: %s, %s, %o', (task, seen, given, message) => {
    expect(() => rolesOf(task, columns(seen), given)).toThrow(message);
  });
});

test('a text of some words is one of words, and what is tagged is always', () => {
  expect(levelOf('classify', ['the cat saw the dog', 'and the dog saw it too'])).toBe('word');
  expect(levelOf('translate', ['3 May 2019', 'June 4'])).toBe('char');
  expect(levelOf('language', [])).toBe('char');
  expect(levelOf('tag', ['a b'])).toBe('word');
});
