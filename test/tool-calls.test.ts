/**
 * The first place that enforces: each tool call in an answer is decided before the caller's client
 * sees it, in every protocol in and out, streamed and not.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { connect } from './harness/clients/connect.ts';
import type { Heard } from './harness/clients/question.ts';
import {
  modelOf,
  openGateway,
  providersAt,
  type TestGateway,
  toolDecisions,
} from './harness/gateway.ts';
import { open, pathOf, post, streamedBody, toolsOf } from './harness/raw.ts';
import type { Said } from './harness/said/said.ts';
import { speak } from './harness/said/speak.ts';
import { says, sse, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({ config: { providers: providersAt(upstream) } });
});
after(async () => {
  await proviso.close();
  await upstream.close();
});
beforeEach(() => upstream.take());

const TOOLS = ['find_berth', 'fire_weapon'].map((name) => ({
  name,
  description: 'A tool of the harbour.',
  parameters: { type: 'object' as const, properties: {} },
}));
const LOOK = { id: 'call_look', name: 'find_berth', arguments: '{"metres":12.5}' };
const FIRE = { id: 'call_fire', name: 'fire_weapon', arguments: '{"at":"the-old-pier"}' };
const STATEMENT =
  /\[Proviso holds a call of the tool `fire_weapon` as `hld_.{22}`\. .*clause human-decides-on-force: “.+”.*Ledger entry \d+\. Ask .+\]/s;

function ask(protocolIn: Protocol, protocolOut: Protocol, said: Said, streams: boolean) {
  upstream.answer(says(speak(protocolOut, said)));
  const turns = [{ user: 'Do what is needed.' }];
  const question = { model: modelOf(protocolOut), turns, tools: TOOLS };
  return connect(protocolIn, proviso).ask(question, streams);
}

function namesOf({ calls }: Heard): readonly string[] {
  return calls.map(({ name }) => name);
}

for (const protocolIn of PROTOCOLS) {
  for (const protocolOut of PROTOCOLS) {
    for (const streams of [false, true]) {
      const title = `${protocolIn} from ${protocolOut}${streams ? ', streamed' : ''}`;

      test(`${title}: a held call is replaced by words, and the text goes on`, async () => {
        const from = await proviso.settled();
        const said = {
          text: 'First this. ',
          calls: [FIRE],
          afterwards: ' Then that.',
          finish: 'tool_calls' as const,
        };
        const heard = await ask(protocolIn, protocolOut, said, streams);
        assert.deepEqual(heard.calls, []);
        assert.equal(heard.finish, 'stop');
        assert.match(heard.text, STATEMENT);
        assert.match(heard.text, /^First this\. .*Then that\./s);
        assert.doesNotMatch(heard.text, /the-old-pier/);
        const { name: tool, arguments: json } = FIRE;
        assert.deepEqual(toolDecisions(await proviso.entries(from), from), [
          { effect: 'hold', code: 'approval_required', tool, arguments: json },
        ]);
      });

      test(`${title}: a permitted call beside a held one comes through whole`, async () => {
        const from = await proviso.settled();
        const said = { calls: [FIRE, LOOK], finish: 'tool_calls' as const };
        const heard = await ask(protocolIn, protocolOut, said, streams);
        assert.deepEqual(namesOf(heard), ['find_berth']);
        assert.deepEqual(heard.calls[0]?.arguments, { metres: 12.5 });
        assert.equal(heard.calls[0]?.id, LOOK.id);
        assert.equal(heard.finish, 'tool_calls');
        assert.match(heard.text, STATEMENT);
        assert.deepEqual(
          toolDecisions(await proviso.entries(from), from).map(({ effect }) => effect),
          ['hold', 'permit'],
        );
      });
    }
  }
}

/** JSON that another writer would have written otherwise. */
const ODD = '{ "metres" : 12.50, "ref":12345678901234567890, "note":"caf\\u00e9 \\/ ⚓️" }';

for (const protocolIn of PROTOCOLS) {
  for (const protocolOut of PROTOCOLS) {
    const isText = protocolIn !== 'gemini' && protocolOut !== 'gemini';
    const what = isText ? 'to the byte' : 'number for number';

    test(`${protocolIn} from ${protocolOut}: permitted arguments arrive ${what}`, async () => {
      const call = { ...LOOK, arguments: ODD };
      const { frames } = speak(protocolOut, { calls: [call], finish: 'tool_calls' });
      // A whole object loses its text where the script parsed it: put it back as it was.
      const parsed = JSON.stringify(JSON.parse(ODD));
      upstream.answer(sse(frames.join('').replaceAll(parsed, ODD)));
      const body = streamedBody(protocolIn, 'Do.', {
        ...(protocolIn === 'gemini' ? {} : { model: modelOf(protocolOut) }),
        ...toolsOf(protocolIn, 'find_berth'),
      });
      const path = pathOf(protocolIn, true, modelOf(protocolOut));
      const { text } = await post(proviso, path, body);
      const heard = argumentsIn(protocolIn, text);
      if (isText) assert.equal(heard, ODD);
      else assert.match(heard, /12345678901234567890/);
      assert.deepEqual(JSON.parse(heard), JSON.parse(ODD));
    });
  }
}

/** The argument text in a stream, as it stands there. */
function argumentsIn(protocol: Protocol, text: string): string {
  const events = [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => match[1] ?? '');
  if (protocol === 'gemini') {
    return events.map((event) => /"args":(\{[^}]*\})/.exec(event)?.[1] ?? '').join('');
  }
  return events.map((event) => pieceIn(JSON.parse(event) as StreamEvent)).join('');
}

interface StreamEvent {
  readonly type?: string;
  readonly choices?: readonly {
    readonly delta: { readonly tool_calls?: readonly { function: { arguments?: string } }[] };
  }[];
  readonly delta?: string | { readonly partial_json?: string };
}

function pieceIn({ type, choices, delta }: StreamEvent): string {
  if (choices) return choices[0]?.delta.tool_calls?.[0]?.function.arguments ?? '';
  if (typeof delta === 'object') return delta.partial_json ?? '';
  return type === 'response.function_call_arguments.delta' ? (delta ?? '') : '';
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: text does not wait for a tool call, and no piece of one goes ahead of it`, async () => {
    const said = { text: 'One moment. ', calls: [LOOK], finish: 'tool_calls' as const };
    const { frames } = speak(protocol, said);
    // The call's last piece, or all of it where it comes whole.
    const split = frames.findLastIndex((frame) => /find_berth|12\.5|\.5\}/.test(frame));
    const lastPiece = protocol === 'openai-responses' ? firstDone(frames) : split;
    const goOn = Promise.withResolvers<void>();
    upstream.answer(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.slice(0, lastPiece).join(''));
      await goOn.promise;
      response.end(frames.slice(lastPiece).join(''));
    });
    const body = streamedBody(protocol, 'Do.', toolsOf(protocol, 'find_berth'));
    const response = await open(proviso, pathOf(protocol, true), body);
    const decoder = new TextDecoder();
    let seen = '';
    let isEarly = true;
    for await (const chunk of response.body ?? []) {
      seen += decoder.decode(chunk, { stream: true });
      if (!isEarly || !seen.includes('nt. ')) continue;
      isEarly = false;
      assert.doesNotMatch(seen, /call_look|metres/);
      goOn.resolve();
    }
    assert.equal(isEarly, false);
    assert.match(seen, /call_look/);
  });
}

function firstDone(frames: readonly string[]): number {
  return frames.findIndex((frame) => frame.includes('function_call_arguments.done'));
}
