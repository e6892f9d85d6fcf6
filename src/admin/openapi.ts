/** The control API described as OpenAPI 3.1, made from the operations. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { VERSION } from '#base/version.ts';
import type { Access } from './actor.ts';
import type { Operation } from './operation.ts';

type Schema = Readonly<Record<string, unknown>>;

export async function describeApi(app: FastifyInstance, origin: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Proviso control API',
        version: VERSION,
        description:
          'What people and machines can ask of a gateway, beside model calls. People sign in with a ' +
          'passkey in a browser; machines give a token of `proviso token create`. Unknown fields are ' +
          'refused. Every error has one form, with a code of docs/errors.md.',
      },
      servers: [{ url: origin }],
      components: {
        securitySchemes: {
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: origin.startsWith('https:') ? '__Host-proviso' : 'proviso',
            description:
              'Of a person who has signed in; with the `Origin` of this gateway’s pages only.',
          },
          token: { type: 'http', scheme: 'bearer', description: '`prt_…`, of a machine.' },
        },
      },
    },
    stripBasePath: false,
  });
}

/** What Fastify and OpenAPI are told of an operation. Nothing is checked by it: `perform` does. */
export function schemaOf(name: string, operation: Operation): object {
  const { method, path, summary, access, input, result } = operation;
  const whole = jsonSchema(input, 'input');
  const named = [...path.matchAll(/:(\w+)/g)].map(([, member = '']) => member);
  const answers = isNothing(result)
    ? { 204: { description: 'Done.', type: 'null' } }
    : { 200: { description: 'Done.', ...jsonSchema(result, 'output') } };
  return {
    schema: {
      operationId: name,
      summary,
      ...accessSchema(access),
      tags: [path.split('/')[2] ?? ''],
      ...(named.length > 0 ? { params: membersOf(whole, (member) => named.includes(member)) } : {}),
      ...(method === 'POST'
        ? { body: named.length > 0 ? without(whole, named) : whole }
        : { querystring: without(whole, named) }),
      response: { ...answers, '4XX': ERROR, '5XX': ERROR },
    },
  };
}

const ERROR = {
  description: 'Refused; see docs/errors.md.',
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'facts'],
      properties: {
        code: { type: 'string', description: 'A code of docs/errors.md.' },
        message: { type: 'string', description: 'What, where, and what to do next.' },
        at: { type: 'string', description: 'Where in the input.' },
        facts: { type: 'object', additionalProperties: true },
      },
    },
  },
} as const;

/** Who may ask, in words and as security schemes. */
export function accessSchema(access: Access): Schema {
  return { description: wordsFor(access), security: securityOf(access) };
}

function wordsFor(access: Access): string {
  if (access === 'everybody') return 'For everybody, before signing in.';
  if (access === 'person') return 'For every person who has signed in; not with a token.';
  return `For the roles ${access.join(', ')}.`;
}

function securityOf(access: Access): readonly Schema[] {
  if (access === 'everybody') return [];
  return access === 'person' ? [{ session: [] }] : [{ session: [] }, { token: [] }];
}

export function jsonSchema(shape: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return schema;
}

function isNothing(shape: z.ZodType): boolean {
  return shape instanceof z.ZodVoid;
}

function without(schema: Schema, named: readonly string[]): Schema {
  return membersOf(schema, (member) => !named.includes(member));
}

/** An object's schema with some of its members. */
function membersOf(schema: Schema, isWanted: (member: string) => boolean): Schema {
  const properties = (schema['properties'] ?? {}) as Schema;
  const required = (schema['required'] ?? []) as readonly string[];
  return {
    ...schema,
    properties: Object.fromEntries(Object.entries(properties).filter(([key]) => isWanted(key))),
    required: required.filter(isWanted),
  };
}
