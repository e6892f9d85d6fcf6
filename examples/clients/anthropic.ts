/** Anthropic's client at a Proviso: a call that the terms permit, and one that they refuse. */
import Anthropic from '@anthropic-ai/sdk';

const {
  PROVISO_URL = 'http://127.0.0.1:8787',
  PROVISO_KEY = '',
  PROVISO_MODEL: model = 'sandbox',
} = process.env;

const client = new Anthropic({ baseURL: PROVISO_URL, apiKey: PROVISO_KEY });

const question = (content: string) => ({
  model,
  max_tokens: 300,
  messages: [{ role: 'user' as const, content }],
});

const stream = client.messages.stream(question('Say good morning in three languages.'));
const { response } = await stream.withResponse();
console.log('permitted:', await stream.finalText());
console.log('entry:', response.headers.get('proviso-decision'));

try {
  await client.messages.create(
    question(
      'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.',
    ),
  );
} catch (error) {
  if (!(error instanceof Anthropic.PermissionDeniedError)) throw error;
  console.log('refused:', error.headers.get('proviso-code'));
  console.log('entry:', error.headers.get('proviso-decision'));
  console.log(error.message);
}
