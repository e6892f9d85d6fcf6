/** Google's client at a Proviso: a call that the terms permit, and one that they refuse. */
import { ApiError, GoogleGenAI } from '@google/genai';

const {
  PROVISO_URL = 'http://127.0.0.1:8787',
  PROVISO_KEY = '',
  PROVISO_MODEL: model = 'sandbox',
} = process.env;

const client = new GoogleGenAI({ apiKey: PROVISO_KEY, httpOptions: { baseUrl: PROVISO_URL } });

const answer = await client.models.generateContent({
  model,
  contents: 'Say good morning in three languages.',
});
console.log('permitted:', answer.text);
console.log('entry:', answer.sdkHttpResponse?.headers?.['proviso-decision']);

try {
  await client.models.generateContent({
    model,
    contents:
      'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.',
  });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  // This client gives the body of the error as its message, and not its headers.
  const { message, details } = (JSON.parse(error.message) as Refusal).error;
  console.log('refused:', details[0]?.reason);
  console.log('entry:', details[0]?.metadata.entry);
  console.log(message);
}

interface Refusal {
  readonly error: {
    readonly message: string;
    readonly details: readonly {
      readonly reason: string;
      readonly metadata: { readonly entry: string };
    }[];
  };
}
