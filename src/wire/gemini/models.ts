/** Names of models, in paths and in lists. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import type { ListedModel, WirePath, WireRoute } from '../protocol.ts';

const OPERATIONS: { readonly [method: string]: Omit<WireRoute, 'model'> } = {
  generateContent: { operation: 'generate', stream: false },
  streamGenerateContent: { operation: 'generate', stream: true },
  countTokens: { operation: 'count_tokens' },
  embedContent: { operation: 'embed' },
  batchEmbedContents: { operation: 'embed' },
};

/**
 * `/v1beta/models/{model}:{method}`, `/v1/…` too. The list of models under `/v1` is OpenAI's and
 * Anthropic's as well: who asks tells them apart (`gateway/head.ts`).
 */
export function route({ method, path }: WirePath): WireRoute | undefined {
  const match = /^\/(v1beta|v1alpha|v1)\/(models|tunedModels)(?:\/([^:]+)(?::([A-Za-z]+))?)?$/.exec(
    path,
  );
  if (!match) return undefined;
  const [, , collection, id, operation] = match;
  if (operation !== undefined && id !== undefined) {
    const known = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
    if (!known || method !== 'POST') return undefined;
    const model = collection === 'models' ? decodedId(id) : `tunedModels/${decodedId(id)}`;
    const { operation: kind, stream } = known;
    return { operation: kind, model, stream };
  }
  if (method !== 'GET' || collection !== 'models') return undefined;
  if (id === undefined) return { operation: 'list_models' };
  return { operation: 'get_model', model: decodedId(id) };
}

function decodedId(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Without the prefix that the SDK adds. */
export function modelName(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name;
}

/** The full name, as a path below the version. No part of it can leave its place. */
export function modelPath(model: string): string {
  const name = model.startsWith('tunedModels/') ? model : `models/${modelName(model)}`;
  const segments = name.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new ProvisoError('invalid_request', `\`${model}\` is not the name of a model.`);
  }
  return `/v1beta/${segments.map(encodeURIComponent).join('/')}`;
}

export function encodeModels(models: readonly ListedModel[]): JsonObject {
  return { models: models.map(encodeModel) };
}

export function encodeModel(model: ListedModel): JsonObject {
  return {
    name: `models/${model.id}`,
    displayName: model.id,
    description: `Served by ${model.provider}.`,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  };
}
