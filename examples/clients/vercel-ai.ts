/** The Vercel AI SDK at a Proviso: a call that the terms permit, and one that they refuse. */
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, streamText } from 'ai';

const {
  PROVISO_URL = 'http://127.0.0.1:8787',
  PROVISO_KEY = '',
  PROVISO_MODEL = 'sandbox',
} = process.env;

// createAnthropic takes the same base URL; createGoogleGenerativeAI takes `/v1beta` for `/v1`.
const provider = createOpenAI({ baseURL: `${PROVISO_URL}/v1`, apiKey: PROVISO_KEY });
// Without `store: false` a second step would refer to what OpenAI keeps, which Proviso refuses.
const settings = {
  model: provider(PROVISO_MODEL),
  providerOptions: { openai: { store: false } },
};

const { textStream, response } = streamText({
  ...settings,
  prompt: 'Say good morning in three languages.',
});
process.stdout.write('permitted: ');
for await (const piece of textStream) process.stdout.write(piece);
console.log('\nentry:', (await response).headers?.['proviso-decision']);

try {
  await generateText({
    ...settings,
    prompt:
      'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.',
  });
} catch (error) {
  if (!APICallError.isInstance(error)) throw error;
  console.log('refused:', error.responseHeaders?.['proviso-code']);
  console.log('entry:', error.responseHeaders?.['proviso-decision']);
  console.log(error.message);
}
