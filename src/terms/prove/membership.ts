/** `in`: is the entity the other, or below it, or either of one of a set? */
import { BOOLEAN } from '../typing/types.ts';
import { entityKey } from '../value.ts';
import type { Encoded, Encoder } from './encode.ts';
import { haveCommon } from './sets.ts';
import { and, apply, FALSE, or, same, type Term } from './smt.ts';
import { Unsupported } from './sorts.ts';

export function encodeIn(a: Encoded, b: Encoded, encoder: Encoder): Encoded {
  const groupType = b.type.kind === 'set' ? b.type.of : b.type;
  if (a.type.kind !== 'entity' || groupType.kind !== 'entity') throw new Unsupported('this `in`');
  const of = { type: a.type.name, term: a.value };
  const groups = b.type.kind === 'set' ? b.items : [b.value];
  const value = groups
    ? or(...groups.map((group) => isIn(of, { type: groupType.name, term: group }, encoder)))
    : isInAny(of, groupType.name, b.value, encoder);
  return { type: BOOLEAN, value, ok: and(a.ok, b.ok) };
}

interface TypedTerm {
  readonly type: string;
  readonly term: Term;
}

function isIn(of: TypedTerm, group: TypedTerm, encoder: Encoder): Term {
  const { schema } = encoder.sorts;
  const self = of.type === group.type ? same(of.term, group.term) : FALSE;
  if (!schema.entities.has(of.type)) return or(self, isActionIn(of, group, encoder));
  if (!schema.entities.get(of.type)?.ancestors.has(group.type)) return self;
  encoder.footprint.addBelow(of.type, of.term);
  encoder.footprint.addAbove(group.type, group.term);
  return or(
    self,
    apply('select', encoder.sorts.ancestors(of.type, group.type)(of.term), group.term),
  );
}

/** Which actions are in which groups stands in the schema. */
function isActionIn(of: TypedTerm, group: TypedTerm, { sorts }: Encoder): Term {
  const groups = sorts.onlyIds(group.type) ?? [];
  const pairs = (sorts.onlyIds(of.type) ?? []).flatMap((uid) => {
    const action = sorts.schema.actions.get(entityKey(uid.type, uid.id));
    return groups
      .filter(({ type, id }) => action?.ancestors.has(entityKey(type, id)))
      .map((above) =>
        and(same(of.term, sorts.entityLiteral(uid)), same(group.term, sorts.entityLiteral(above))),
      );
  });
  return or(...pairs);
}

function isInAny(of: TypedTerm, groupType: string, groups: Term, encoder: Encoder): Term {
  const { script, sorts, footprint } = encoder;
  const listed = sorts.schema.entities.has(of.type) ? undefined : sorts.onlyIds(groupType);
  if (listed) {
    const isHeld = listed.map((uid) => {
      const term = sorts.entityLiteral(uid);
      return and(apply('select', groups, term), isIn(of, { type: groupType, term }, encoder));
    });
    return or(...isHeld);
  }
  const self = of.type === groupType ? apply('select', groups, of.term) : FALSE;
  if (!sorts.schema.entities.get(of.type)?.ancestors.has(groupType)) return self;
  const type = { kind: 'entity', name: groupType } as const;
  const w = footprint.witness(type, script, sorts);
  footprint.addBelow(of.type, of.term);
  footprint.addAbove(groupType, w);
  return or(
    self,
    haveCommon(type, sorts.ancestors(of.type, groupType)(of.term), groups, w, encoder),
  );
}
