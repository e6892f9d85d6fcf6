/** OpenAI's client at a Proviso: a call that the terms permit, and one that they refuse. */
import OpenAI from 'openai';

const {
  PROVISO_URL = 'http://127.0.0.1:8787',
  PROVISO_KEY = '',
  PROVISO_MODEL: model = 'sandbox',
} = process.env;

const client = new OpenAI({ baseURL: `${PROVISO_URL}/v1`, apiKey: PROVISO_KEY });

const ask = (content: string) =>
  client.chat.completions.create({ model, messages: [{ role: 'user', content }] }).withResponse();

const { data, response } = await ask('Say good morning in three languages.');
console.log('permitted:', data.choices[0]?.message.content);
console.log('entry:', response.headers.get('proviso-decision'));

const stream = await client.responses.create({ model, input: 'And good night?', stream: true });
for await (const event of stream) {
  if (event.type === 'response.output_text.delta') process.stdout.write(event.delta);
}
console.log();

try {
  await ask(
    'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.',
  );
} catch (error) {
  if (!(error instanceof OpenAI.PermissionDeniedError)) throw error;
  console.log('refused:', error.code);
  console.log('entry:', error.headers.get('proviso-decision'));
  console.log(error.message);
}
