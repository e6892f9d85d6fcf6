/**
 * The official Cedar engine, as far as it is used: parsing, validating, and its JSON. Nothing else
 * imports it but tests and benchmarks, which hold the compiled rules to it.
 */
import {
  type DetailedError,
  policySetTextToParts,
  policyToJson,
  type Schema,
  type SchemaJson,
  schemaToJson,
  schemaToJsonWithResolvedTypes,
  schemaToText,
  templateToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { policyFromEst, type Slots } from './est.ts';
import type { Policy } from './policy.ts';
import { markLongIntegers } from './source.ts';
import { type CedarSchema, schemaFromJson } from './typing/schema.ts';

/** What the engine says of a text, and where. */
export interface Finding {
  readonly message: string;
  /** Offset in the text, in UTF-8 bytes. */
  readonly byteOffset?: number | undefined;
}

/** The syntax errors of a policy text; none when it parses. */
export function syntaxErrors(text: string): readonly Finding[] {
  const answer = policySetTextToParts(text);
  return answer.type === 'success' ? [] : answer.errors.map(finding);
}

export interface PolicyOptions {
  readonly id: string;
  /** For a template: the entities that fill it. */
  readonly slots?: Slots;
}

/** One policy, or one template with its slots filled, that has no syntax errors. */
export function readPolicy(text: string, { id, slots }: PolicyOptions): Policy {
  const exact = markLongIntegers(text);
  const answer = slots ? templateToJson(exact.text) : policyToJson(exact.text);
  if (answer.type === 'failure') throw new Error(messageOf(answer.errors));
  const options = { id, longMark: exact.mark };
  return policyFromEst(
    answer.json as unknown as JsonValue,
    slots ? { ...options, slots } : options,
  );
}

/** A schema that has no errors. */
export function readSchema(text: string): CedarSchema {
  const answer = schemaToJsonWithResolvedTypes(text);
  if (answer.type === 'failure') throw new Error(messageOf(answer.errors));
  return schemaFromJson(answer.json as unknown as JsonObject);
}

/**
 * A schema as Cedar text: what is written as JSON is translated, and what is text already stays.
 * What has errors stays too, to be told where it is read.
 */
export function schemaAsText(written: string): string {
  let json: SchemaJson<string>;
  try {
    json = JSON.parse(written) as SchemaJson<string>;
  } catch {
    return written;
  }
  const answer = schemaToText(json);
  return answer.type === 'success' ? answer.text : written;
}

/** All that either of two schemas declares, as one text; where both declare a name, as the first does. */
export function mergeSchemas(first: string, second: string): string {
  if (first === second) return first;
  const [a, b] = [schemaJson(first), schemaJson(second)];
  const namespaces = new Set([...Object.keys(a), ...Object.keys(b)]);
  const merged = [...namespaces].map((name) => {
    const [ours, theirs] = [a[name], b[name]];
    const of = (kind: 'commonTypes' | 'entityTypes' | 'actions') => ({
      ...theirs?.[kind],
      ...ours?.[kind],
    });
    const all = {
      commonTypes: of('commonTypes'),
      entityTypes: of('entityTypes'),
      actions: of('actions'),
    };
    return [name, all];
  });
  const answer = schemaToText(Object.fromEntries(merged) as SchemaJson<string>);
  if (answer.type === 'failure') throw new Error(messageOf(answer.errors));
  return answer.text;
}

function schemaJson(text: string): SchemaJson<string> {
  const answer = schemaToJson(text);
  if (answer.type === 'failure') throw new Error(messageOf(answer.errors));
  return answer.json;
}

export interface Validation {
  readonly schemaErrors: readonly Finding[];
  readonly errors: readonly PolicyFinding[];
  readonly warnings: readonly PolicyFinding[];
}

interface PolicyFinding extends Finding {
  readonly policyId: string;
}

/** Strict validation, as Cedar's: a text's policies are called `policy0`, `policy1` … */
export function validatePolicies(
  schema: Schema,
  policies: string | Readonly<Record<string, string>>,
): Validation {
  const answer = validate({ schema, policies: { staticPolicies: policies } });
  if (answer.type === 'failure') {
    return { schemaErrors: answer.errors.map(finding), errors: [], warnings: [] };
  }
  const ofPolicy = ({ policyId, error }: { policyId: string; error: DetailedError }) => ({
    policyId,
    ...finding(error),
  });
  return {
    schemaErrors: [],
    errors: answer.validationErrors.map(ofPolicy),
    warnings: answer.validationWarnings.map(ofPolicy),
  };
}

function finding({ message, help, sourceLocations }: DetailedError): Finding {
  return {
    message: help ? `${message} (${help})` : message,
    byteOffset: sourceLocations?.[0]?.start,
  };
}

function messageOf(errors: readonly DetailedError[]): string {
  return errors.map((error) => finding(error).message).join('; ');
}
