/**
 * The Gemini API's fields that no other protocol has, by name and type: settings, the vendor's
 * tools, and the parts that such tools leave in a conversation.
 *
 * https://ai.google.dev/api/generate-content
 */
import type { ProviderToolKind } from '../exchange.ts';
import type { Shape } from '../shape.ts';

const strings: Shape = { list: 'string' };
/** An int64 in proto3 JSON may be a string. */
const long: Shape = { either: ['number', 'string'] };
const nothing: Shape = { fields: {} };
const languageCodes: Shape = { fields: { languageCodes: strings } };

const voice: Shape = {
  fields: {
    voice: 'string',
    prebuiltVoiceConfig: { fields: { voiceName: 'string' } },
    replicatedVoiceConfig: {
      fields: {
        mimeType: 'string',
        voiceSampleAudio: 'string',
        consentAudio: 'string',
        voiceConsentSignature: 'any',
      },
    },
  },
};

/** Top-level settings that are kept as they are for the same protocol. */
export const NATIVE_SETTINGS: { readonly [key: string]: Shape } = {
  safetySettings: {
    list: { fields: { category: 'string', threshold: 'string', method: 'string' } },
  },
  labels: { map: 'string' },
  serviceTier: 'string',
  store: 'boolean',
  modelArmorConfig: {
    fields: { promptTemplateName: 'string', responseTemplateName: 'string' },
  },
};

/** Settings of `generationConfig` that are kept as they are. */
export const NATIVE_CONFIG: { readonly [key: string]: Shape } = {
  responseLogprobs: 'boolean',
  logprobs: 'number',
  responseModalities: strings,
  mediaResolution: 'string',
  audioTimestamp: 'boolean',
  enableAffectiveDialog: 'boolean',
  enableEnhancedCivicAnswers: 'boolean',
  speechConfig: {
    fields: {
      languageCode: 'string',
      voiceConfig: voice,
      multiSpeakerVoiceConfig: {
        fields: {
          speakerVoiceConfigs: { list: { fields: { speaker: 'string', voiceConfig: voice } } },
        },
      },
    },
  },
  imageConfig: {
    fields: {
      aspectRatio: 'string',
      imageSize: 'string',
      personGeneration: 'string',
      prominentPeople: 'string',
      outputMimeType: 'string',
      outputCompressionQuality: 'number',
      imageOutputOptions: { fields: { mimeType: 'string', compressionQuality: 'number' } },
    },
  },
  audioTranscriptionConfig: {
    fields: {
      languageCodes: strings,
      languageAuto: nothing,
      languageHints: languageCodes,
      customVocabulary: strings,
      adaptationPhrases: strings,
      wordTimestamp: 'boolean',
      diarization: 'boolean',
      mode: 'string',
    },
  },
  translationConfig: { fields: { echoTargetLanguage: 'boolean', targetLanguageCode: 'string' } },
};

/** Fields of a part that say more about its content. */
export const PART_EXTRAS: { readonly [key: string]: Shape } = {
  thoughtSignature: 'string',
  videoMetadata: { fields: { startOffset: 'string', endOffset: 'string', fps: 'number' } },
  mediaResolution: { fields: { level: 'string', numTokens: 'number' } },
  mediaProcessing: 'string',
  partMetadata: { map: 'any' },
  speechMetadata: { fields: { speaker: 'string', style: 'string' } },
};

/** Parts that only this protocol has: what tools that run inside the provider leave. */
export const NATIVE_PARTS: { readonly [key: string]: Shape } = {
  executableCode: { fields: { id: 'string', language: 'string', code: 'string' } },
  codeExecutionResult: { fields: { id: 'string', outcome: 'string', output: 'string' } },
  toolCall: { fields: { id: 'string', toolType: 'string', args: { map: 'any' } } },
  toolResponse: { fields: { id: 'string', toolType: 'string', response: { map: 'any' } } },
  audioTranscription: {
    fields: {
      text: 'string',
      finished: 'boolean',
      languageCode: 'string',
      speakerLabel: 'string',
      startOffset: 'string',
      endOffset: 'string',
      words: { list: { fields: { word: 'string', startOffset: 'string', endOffset: 'string' } } },
    },
  },
};

export interface VendorTool {
  readonly kind: ProviderToolKind;
  readonly runsAt: 'provider' | 'caller';
  readonly shape: Shape;
}

const interval: Shape = { fields: { startTime: 'string', endTime: 'string' } };

/** Members of a tool, beside `functionDeclarations`. */
export const VENDOR_TOOLS: { readonly [key: string]: VendorTool } = {
  googleSearch: {
    kind: 'web_search',
    runsAt: 'provider',
    shape: {
      fields: {
        blockingConfidence: 'string',
        excludeDomains: strings,
        timeRangeFilter: interval,
        searchTypes: { fields: { imageSearch: nothing, webSearch: nothing } },
      },
    },
  },
  googleSearchRetrieval: {
    kind: 'web_search',
    runsAt: 'provider',
    shape: {
      fields: {
        dynamicRetrievalConfig: { fields: { dynamicThreshold: 'number', mode: 'string' } },
      },
    },
  },
  enterpriseWebSearch: {
    kind: 'web_search',
    runsAt: 'provider',
    shape: { fields: { blockingConfidence: 'string', excludeDomains: strings } },
  },
  exaAiSearch: {
    kind: 'web_search',
    runsAt: 'provider',
    shape: { fields: { apiKey: 'string', customConfigs: { map: 'any' } } },
  },
  parallelAiSearch: {
    kind: 'web_search',
    runsAt: 'provider',
    shape: {
      fields: {
        apiKey: 'string',
        customConfigs: { map: 'any' },
        enableDataRetention: 'boolean',
        enableZeroDataRetention: 'boolean',
      },
    },
  },
  urlContext: { kind: 'web_fetch', runsAt: 'provider', shape: nothing },
  codeExecution: { kind: 'code_execution', runsAt: 'provider', shape: nothing },
  googleMaps: {
    kind: 'maps',
    runsAt: 'provider',
    shape: { fields: { authConfig: 'any', enableWidget: 'boolean', groundingTypes: 'any' } },
  },
  fileSearch: {
    kind: 'file_search',
    runsAt: 'provider',
    shape: {
      fields: { fileSearchStoreNames: strings, metadataFilter: 'string', topK: 'number' },
    },
  },
  /** Vertex AI: search engines, stores and services that the caller names. */
  retrieval: {
    kind: 'file_search',
    runsAt: 'provider',
    shape: {
      fields: {
        disableAttribution: 'boolean',
        externalApi: 'any',
        vertexAiSearch: 'any',
        vertexRagStore: 'any',
      },
    },
  },
  mcpServers: {
    kind: 'remote_mcp',
    runsAt: 'provider',
    shape: {
      list: {
        fields: {
          name: 'string',
          streamableHttpTransport: {
            fields: {
              url: 'string',
              headers: { map: 'string' },
              timeout: 'string',
              sseReadTimeout: 'string',
              terminateOnClose: 'boolean',
            },
          },
        },
      },
    },
  },
  /** Its actions come back as function calls. */
  computerUse: {
    kind: 'computer_use',
    runsAt: 'caller',
    shape: {
      fields: {
        environment: 'string',
        excludedPredefinedFunctions: strings,
        enablePromptInjectionDetection: 'boolean',
        disabledSafetyPolicies: strings,
      },
    },
  },
};

/** A schema in the API's older dialect of JSON Schema; nested schemas are checked in turn. */
export const SCHEMA_FIELDS: { readonly [key: string]: Shape } = {
  type: 'string',
  format: 'string',
  title: 'string',
  description: 'string',
  nullable: 'boolean',
  default: 'any',
  example: 'any',
  enum: strings,
  pattern: 'string',
  maxItems: long,
  minItems: long,
  maxLength: long,
  minLength: long,
  maxProperties: long,
  minProperties: long,
  maximum: 'number',
  minimum: 'number',
  propertyOrdering: strings,
  required: strings,
};
