/** Files of policies: their names, templates with links, schemas as JSON, and what is wrong in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaAsText } from '../engine.ts';
import { askReference } from '../reference.ts';
import { readLinks } from './links.ts';
import { readPolicySet } from './policy-set.ts';
import { requestOfCall } from './replay.ts';

const SCHEMA = `
entity Group;
entity User in [Group];
entity Doc in [Group];
action view appliesTo { principal: User, resource: Doc, context: { note: String } };
`;
const POLICIES = `
permit(principal == User::"root", action, resource);
@id("share") permit(principal == ?principal, action == Action::"view", resource in ?resource)
when { context.note != "?principal" };
@id("named") forbid(principal, action, resource) when { context.note == "x" };
`;
const AS_TEXT = JSON.stringify([
  {
    template_id: 'share',
    link_id: 'for-ann',
    args: { '?principal': 'User::"ann"', '?resource': 'Group::"a \\"b\\""' },
  },
]);
const AS_JSON = JSON.stringify([
  {
    templateId: 'share',
    newId: 'for-ann',
    values: {
      '?principal': { type: 'User', id: 'ann' },
      '?resource': { __entity: { type: 'Group', id: 'a "b"' } },
    },
  },
]);

test('policies are named by annotation or order, and links of templates by themselves', () => {
  for (const links of [AS_TEXT, AS_JSON]) {
    const set = readPolicySet(POLICIES, 'p.cedar', SCHEMA, readLinks(links, 'links.json'));
    assert.deepEqual(
      set.map(({ policy }) => policy.id),
      ['policy0', 'for-ann', 'named'],
    );
    const [, linked] = set;
    assert.deepEqual(linked?.policy.principal, {
      op: 'equals',
      entity: { type: 'User', id: 'ann' },
    });
    assert.deepEqual(linked?.policy.resource, {
      op: 'in',
      entities: [{ type: 'Group', id: 'a "b"' }],
    });
    // The official engine reads the same policy.
    const group = { type: 'Group', id: 'a "b"' };
    const request = requestOfCall({
      principal: { type: 'User', id: 'ann' },
      action: { type: 'Action', id: 'view' },
      resource: { type: 'Doc', id: 'd' },
      context: { note: '' },
      entities: [
        { uid: { type: 'Doc', id: 'd' }, attrs: {}, parents: [group] },
        { uid: group, attrs: {}, parents: [] },
        { uid: { type: 'User', id: 'ann' }, attrs: {}, parents: [] },
        { uid: { type: 'Action', id: 'view' }, attrs: {}, parents: [] },
      ],
    });
    assert.ok(request && linked);
    const texts = { linked: linked.text };
    assert.equal(
      askReference(texts, request, [...request.entities.values()], SCHEMA).decision,
      'allow',
    );
  }
});

test('a template that is linked twice is two policies, and one that is not linked is none', () => {
  const links = readLinks(AS_TEXT, 'l').flatMap((link) => [link, { ...link, id: 'again' }]);
  const ids = (given: typeof links): readonly string[] =>
    readPolicySet(POLICIES, 'p.cedar', SCHEMA, given).map(({ policy }) => policy.id);
  assert.deepEqual(ids(links), ['policy0', 'for-ann', 'again', 'named']);
  assert.deepEqual(ids([]), ['policy0', 'named']);
});

test('what is wrong with templates and links is told', () => {
  const read = (links?: string): unknown =>
    readPolicySet(
      POLICIES,
      'p.cedar',
      SCHEMA,
      links === undefined ? undefined : readLinks(links, 'l.json'),
    );
  assert.throws(() => read(), /p\.cedar:3:1: A template is not a policy yet/);
  const link = (args: unknown): string =>
    JSON.stringify([{ template_id: 'share', link_id: 'l', args }]);
  assert.throws(
    () => read(link({ '?principal': 'User::"ann"' })),
    /The link `l` leaves a slot open/,
  );
  for (const value of [
    'User',
    '"ann"',
    'User::"a" || true',
    'User::"a", action, resource); permit(principal',
    '?principal',
  ]) {
    assert.throws(
      () => read(link({ '?principal': value })),
      /`\?principal` of `l` is no entity/,
      value,
    );
  }
  assert.throws(
    () => read(link({ '?action': 'User::"a"' })),
    /l\.json: Not a list of template links/,
  );
  assert.throws(() => read('{'), /Not a list of template links/);
  const other = '{"type":"Nobody","id":"g"}';
  const wrongType = `[{"templateId":"share","newId":"l","values":{"?principal":${other},"?resource":${other}}}]`;
  assert.throws(() => read(wrongType), /l: /);
});

test('a schema in JSON is the same schema', () => {
  const json = JSON.stringify({
    '': {
      entityTypes: {
        User: { memberOfTypes: ['Group'] },
        Group: {},
        Doc: { memberOfTypes: ['Group'] },
      },
      actions: {
        view: {
          appliesTo: {
            principalTypes: ['User'],
            resourceTypes: ['Doc'],
            context: { type: 'Record', attributes: { note: { type: 'String' } } },
          },
        },
      },
    },
  });
  const text = schemaAsText(json);
  assert.match(text, /entity User/);
  assert.equal(schemaAsText(SCHEMA), SCHEMA);
  assert.equal(readPolicySet(POLICIES, 'p', text, readLinks(AS_TEXT, 'l')).length, 3);
  const wrong = readPolicySet.bind(undefined, POLICIES, 'p', schemaAsText('{"": 1}'), []);
  assert.throws(() => wrong(), { code: 'terms_invalid' });
});
