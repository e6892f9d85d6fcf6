import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthorizationCall, isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { compilePolicies } from './authorize.ts';
import { readPolicy, readSchema, syntaxErrors } from './engine.ts';
import { contextFromJson, entitiesFromJson } from './entities.ts';
import { requestTypes } from './typing/schema.ts';

const ENTITIES = [
  { uid: { type: 'User', id: 'a' }, attrs: {}, parents: [{ type: 'Group', id: 'g' }] },
  { uid: { type: 'User', id: 'b' }, attrs: {}, parents: [] },
  { uid: { type: 'Group', id: 'g' }, attrs: {}, parents: [] },
];

test('a template’s links decide as the official engine’s', () => {
  const templates = {
    equals: 'permit(principal == ?principal, action, resource);',
    in: 'forbid(principal in ?principal, action, resource == ?resource);',
    isIn: 'permit(principal is User in ?principal, action, resource in ?resource);',
  };
  const user = { type: 'User', id: 'b' };
  const group = { type: 'Group', id: 'g' };
  const links = [
    { templateId: 'equals', newId: 'one', values: { '?principal': user } },
    { templateId: 'in', newId: 'two', values: { '?principal': group, '?resource': user } },
    { templateId: 'isIn', newId: 'three', values: { '?principal': group, '?resource': group } },
  ] as const;
  const authorize = compilePolicies(
    links.map(({ templateId, newId, values }) =>
      readPolicy(templates[templateId], { id: newId, slots: values }),
    ),
  );
  const store = entitiesFromJson(ENTITIES);
  const action = { type: 'Action', id: 'read' };
  const seen = new Set<string>();
  for (const { uid: principal } of ENTITIES) {
    for (const { uid: resource } of ENTITIES) {
      const call = {
        principal,
        action,
        resource,
        context: {},
        entities: ENTITIES,
        policies: { templates, templateLinks: links },
      };
      const answer = isAuthorized(call as unknown as AuthorizationCall);
      assert.ok(answer.type === 'success', JSON.stringify(answer));
      const { decision, reasons } = authorize({
        principal: store.get(principal),
        action: store.get(action),
        resource: store.get(resource),
        context: contextFromJson({}, store),
        entities: store.entities,
      });
      assert.equal(decision, answer.response.decision);
      const ids = reasons.map(({ id }) => id).sort();
      assert.deepEqual(ids, [...answer.response.diagnostics.reason].sort());
      for (const id of ids) seen.add(id);
    }
  }
  assert.deepEqual([...seen].sort(), ['one', 'three', 'two']);
});

test('a template without its entities is refused', () => {
  const template = 'permit(principal == ?principal, action, resource);';
  assert.throws(() => readPolicy(template, { id: 'x' }));
  assert.throws(() => readPolicy(template, { id: 'x', slots: {} }), /\?principal/);
});

test('annotations come with their values, also where they have none', () => {
  const { annotations } = readPolicy('@a("x") @b permit(principal, action, resource);', { id: '' });
  assert.deepEqual(
    [...annotations],
    [
      ['a', 'x'],
      ['b', ''],
    ],
  );
});

test('a syntax error says where', () => {
  assert.deepEqual(syntaxErrors('permit(principal, action, resource);'), []);
  const [error] = syntaxErrors('/*');
  assert.equal(error?.byteOffset, 0);
  assert.ok(error?.message);
});

test('a schema’s names are resolved: namespaces, common types, groups of groups', () => {
  const schema = readSchema(`
    type Place = { street: String, number?: Long };
    entity Country;
    entity City in [Country] = { place: Place } tags Set<String>;
    entity Colour enum ["red", "green"];
    action any;
    namespace Shop {
      entity Street in [City] = { open: __cedar::Long };
      action walk in [Action::"any"] appliesTo {
        principal: [City, Street], resource: Colour, context: { place: Place }
      };
    }`);
  const street = schema.entities.get('Shop::Street');
  assert.deepEqual([...(street?.ancestors ?? [])].sort(), ['City', 'Country']);
  assert.deepEqual(street?.attributes.attributes.get('open')?.type, { kind: 'long' });
  assert.deepEqual([...(schema.entities.get('Colour')?.ids ?? [])], ['red', 'green']);
  const city = schema.entities.get('City');
  assert.deepEqual(city?.tags, { kind: 'set', of: { kind: 'string' } });
  const place = city?.attributes.attributes.get('place')?.type;
  assert.ok(place?.kind === 'record');
  assert.equal(place.attributes.get('number')?.isRequired, false);
  assert.deepEqual(
    requestTypes(schema).map(({ principal, action, resource }) => [
      principal,
      `${action.action.type}::${action.action.id}`,
      resource,
    ]),
    [
      ['City', 'Shop::Action::walk', 'Colour'],
      ['Shop::Street', 'Shop::Action::walk', 'Colour'],
    ],
  );
});
