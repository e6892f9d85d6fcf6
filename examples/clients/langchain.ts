/** LangChain at a Proviso: a call that the terms permit, and one that they refuse. */
import { ChatOpenAI } from '@langchain/openai';

const {
  PROVISO_URL = 'http://127.0.0.1:8787',
  PROVISO_KEY = '',
  PROVISO_MODEL = 'sandbox',
} = process.env;

const model = new ChatOpenAI({
  model: PROVISO_MODEL,
  apiKey: PROVISO_KEY,
  configuration: { baseURL: `${PROVISO_URL}/v1` },
});

const answer = await model.invoke('Say good morning in three languages.');
console.log('permitted:', answer.text);

try {
  await model.invoke(
    'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.',
  );
} catch (error) {
  // LangChain passes on the error of OpenAI's client.
  const { code, headers, message } = error as Error & {
    readonly code?: string;
    readonly headers?: Headers;
  };
  if (code === undefined) throw error;
  console.log('refused:', code);
  console.log('entry:', headers?.get('proviso-decision'));
  console.log(message);
}
