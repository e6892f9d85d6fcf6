/**
 * Links of templates, which say what fills the slots of one. As a list of either Cedar's command line
 * (`template_id`, `link_id`, `args` as text) or its policy sets in JSON (`templateId`, `newId`,
 * `values` as entities).
 */
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { readPolicy, syntaxErrors } from '../engine.ts';
import { quoted } from '../literal.ts';
import { termsInvalid } from '../problems.ts';

export interface TemplateLink {
  readonly template: string;
  readonly id: string;
  /** Entities as Cedar text, by `?principal` and `?resource`. */
  readonly values: ReadonlyMap<string, string>;
}

const entity = z.strictObject({ type: z.string(), id: z.string() });
const slots = <T extends z.ZodType>(value: T) =>
  z.partialRecord(z.enum(['?principal', '?resource']), value);
const textLink = z
  .strictObject({ template_id: z.string(), link_id: z.string(), args: slots(z.string()) })
  .transform(({ template_id, link_id, args }) => ({ template: template_id, id: link_id, args }));
const jsonLink = z
  .strictObject({
    templateId: z.string(),
    newId: z.string(),
    values: slots(z.union([entity, z.strictObject({ __entity: entity })])),
  })
  .transform(({ templateId, newId, values }) => ({
    template: templateId,
    id: newId,
    args: Object.fromEntries(
      Object.entries(values).map(([slot, value]) => {
        const { type, id } = '__entity' in value ? value.__entity : value;
        return [slot, `${type}::${quoted(id)}`];
      }),
    ),
  }));
const linksSchema = z.array(z.union([textLink, jsonLink]));

/**
 * @param path only named in errors
 * @throws ProvisoError `terms_invalid`
 */
export function readLinks(text: string, path: string): readonly TemplateLink[] {
  const wrong = (message: string): Error =>
    termsInvalid(dirname(path), [{ path: basename(path), message }]);
  const parsed = linksSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    throw wrong(`Not a list of template links: see \`${where}\`.`);
  }
  return parsed.data.map(({ template, id, args }) => {
    const values = Object.entries(args).filter((pair) => pair[1] !== undefined);
    for (const [slot, value] of values) {
      if (isEntity(value)) continue;
      throw wrong(`\`${slot}\` of \`${id}\` is no entity.`);
    }
    return { template, id, values: new Map(values) };
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Read by the official parser, so that nothing but an entity can come to stand in a policy. */
function isEntity(value: string): boolean {
  const policy = `permit(principal == ${value}, action, resource);`;
  if (syntaxErrors(policy).length > 0 || /[?(),;]/.test(value.replace(/"(?:[^"\\]|\\.)*"/g, ''))) {
    return false;
  }
  return readPolicy(policy, { id: 'link' }).principal.op === 'equals';
}
