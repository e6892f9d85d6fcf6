/**
 * Two packs under one schema. What both know of a kind of request must be the same for its rules to
 * be compared; a kind that only one of them knows can be nothing that the other permits.
 */
import { mergeSchemas, readSchema } from '../engine.ts';
import { requestFingerprint } from '../typing/fingerprint.ts';
import {
  type CedarSchema,
  type RequestType,
  requestTypeKey,
  requestTypes,
} from '../typing/schema.ts';

export interface CommonSchema {
  /** Of both, as Cedar text. */
  readonly text: string;
  /** Which of the two know this kind of request; `differently` where they do not agree on it. */
  readonly knownTo: (environment: RequestType) => 'both' | 'first' | 'second' | 'differently';
}

/** @param first Cedar text without errors, as `second` */
export function commonSchema(first: string, second: string): CommonSchema {
  const text = mergeSchemas(first, second);
  const common = readSchema(text);
  const [ofFirst, ofSecond] = [first, second].map((own) => fingerprints(readSchema(own)));
  return {
    text,
    knownTo: (environment) => {
      const key = requestTypeKey(environment);
      const [a, b] = [ofFirst?.get(key), ofSecond?.get(key)];
      const both = requestFingerprint(environment, common);
      const isAlike = [a, b].every((one) => one === undefined || one === both);
      if (!isAlike) return 'differently';
      if (a === undefined) return 'second';
      return b === undefined ? 'first' : 'both';
    },
  };
}

function fingerprints(schema: CedarSchema): ReadonlyMap<string, string> {
  return new Map(
    requestTypes(schema).map((environment) => [
      requestTypeKey(environment),
      requestFingerprint(environment, schema),
    ]),
  );
}
