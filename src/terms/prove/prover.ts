/**
 * Questions about all requests of one kind: is there one of which the claim is true? An answer
 * `none` is a proof; a request that is found has been replayed; all else is `unknown`.
 */
import { createHash } from 'node:crypto';
import { readSchema } from '../engine.ts';
import type { ReferenceCall } from '../reference.ts';
import { PolicyTypeError } from '../typing/operators.ts';
import { type CedarSchema, type RequestType, requestTypes } from '../typing/schema.ts';
import { type Claim, claimTerm, policiesOf } from './claim.ts';
import { Encoder } from './encode.ts';
import { ModelError, modelTerms, requestOfModel } from './model.ts';
import { holdsCompiled, holdsReference, type ListedRequest, requestOfCall } from './replay.ts';
import { smallest } from './smallest.ts';
import { FALSE } from './smt.ts';
import type { Solver, SolverAnswer } from './solver.ts';
import { Unsupported } from './sorts.ts';

export type Answer =
  | { readonly result: 'none' }
  | { readonly result: 'found'; readonly request: ReferenceCall }
  | { readonly result: 'unknown'; readonly reason: string };

export class Prover {
  readonly schema: CedarSchema;
  readonly environments: readonly RequestType[];
  readonly #schemaText: string;
  readonly #solver: Solver;
  /** By hash of the script. */
  readonly #answers = new Map<string, Promise<SolverAnswer>>();
  /** Requests that were found, which often answer the next question too. */
  readonly #found = new Map<RequestType, Found[]>();

  /** @param schema Cedar text without errors */
  constructor(schema: string, solver: Solver) {
    this.#schemaText = schema;
    this.schema = readSchema(schema);
    this.environments = requestTypes(this.schema);
    this.#solver = solver;
  }

  async find(claim: Claim, environment: RequestType): Promise<Answer> {
    const found = this.#found.get(environment) ?? [];
    const known = found.find(({ request }) => holdsCompiled(claim, request));
    if (known) return this.#shown(claim, known.call, environment);
    try {
      return await this.#solve(claim, environment);
    } catch (error) {
      const isOurs =
        error instanceof Unsupported ||
        error instanceof PolicyTypeError ||
        error instanceof ModelError;
      if (!isOurs) throw error;
      return { result: 'unknown', reason: `${error.name}: ${error.message}` };
    }
  }

  async #solve(claim: Claim, environment: RequestType): Promise<Answer> {
    const policies = [...policiesOf(claim)];
    const encoder = new Encoder(
      this.schema,
      environment,
      policies.map(({ policy }) => policy),
    );
    const encoded = new Map(policies.map((policy) => [policy, encoder.policy(policy.policy)]));
    const term = claimTerm(claim, encoded);
    if (term === FALSE) return { result: 'none' };
    encoder.script.assert(term);
    const terms = modelTerms(encoder);
    const question = `${encoder.finish()}\n(check-sat)\n(get-value (${terms.join('\n')}))`;
    const answer = await this.#ask(question);
    switch (answer.verdict) {
      case 'unsat':
        return { result: 'none' };
      case 'unknown':
        return { result: 'unknown', reason: answer.reason };
      case 'sat':
        return this.#shown(claim, requestOfModel(terms, answer.values, encoder), environment);
    }
  }

  #ask(script: string): Promise<SolverAnswer> {
    const hash = createHash('sha256').update(script).digest('hex');
    const answer = this.#answers.get(hash) ?? this.#solver.ask(script);
    this.#answers.set(hash, answer);
    return answer;
  }

  #shown(claim: Claim, call: ReferenceCall, environment: RequestType): Answer {
    const holds = (smaller: ReferenceCall): boolean => {
      const request = requestOfCall(smaller);
      return request !== undefined && holdsCompiled(claim, request);
    };
    const small = holds(call) ? smallest(call, this.schema, environment, holds) : call;
    const request = requestOfCall(small);
    const isShown =
      request !== undefined &&
      holdsCompiled(claim, request) &&
      holdsReference(claim, request, this.#schemaText);
    if (!isShown) return { result: 'unknown', reason: 'what the solver found does not replay' };
    const found = this.#found.get(environment) ?? [];
    this.#found.set(environment, [...found, { call: small, request }]);
    return { result: 'found', request: small };
  }
}

interface Found {
  readonly call: ReferenceCall;
  readonly request: ListedRequest;
}
