/** A held tool call, with the vendors' own clients: it waits for people, and arrives as signed. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import {
  newApprover,
  nextHold,
  type TestApprover,
  termsWithLocalKeys,
} from './harness/approvers.ts';
import { connect } from './harness/clients/connect.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
let terms: string;
before(async () => {
  upstream = await startUpstream();
  terms = termsWithLocalKeys();
  proviso = await openGateway({
    config: {
      terms,
      providers: providersAt(upstream),
      oversight: { waitMsMax: 20_000, streamWaitMsMax: 20_000, keepAliveMs: 100 },
    },
  });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await proviso.close();
  await upstream.close();
  rmSync(terms, { recursive: true });
});

const TOOLS = ['find_berth', 'fire_weapon'].map((name) => ({
  name,
  description: 'A tool of the harbour.',
  parameters: { type: 'object' as const, properties: {} },
}));
const LOOK = { id: 'call_look', name: 'find_berth', arguments: '{"metres":12.5}' };
/** As no canonical writer would write it. */
const FIRE = {
  id: 'call_fire',
  name: 'fire_weapon',
  arguments: '{ "to": "the old pier", "at": 4.0, "é": [1e2, null] }',
};
const SIGNED = { at: 4, to: 'the old pier', é: [100, null] };

function ask(protocolIn: Protocol, protocolOut: Protocol, streams: boolean) {
  const said = {
    text: 'First this.',
    calls: [FIRE, LOOK],
    afterwards: ' Then that.',
    finish: 'tool_calls' as const,
  };
  upstream.answer(says(speak(protocolOut, said)));
  const turns = [{ user: 'Do what is needed.' }];
  const question = { model: modelOf(protocolOut), turns, tools: TOOLS };
  return connect(protocolIn, proviso).ask(question, streams);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const protocol of PROTOCOLS) {
  for (const streams of [false, true]) {
    const title = `${protocol}${streams ? ', streamed' : ''}`;

    test(`${title}: two people sign, and the client gets exactly what they signed`, async () => {
      const opened = nextHold(proviso.gateway);
      const asking = ask(protocol, protocol, streams);
      const { id, action } = await opened;
      // Long enough for the client to have to bear a few signs of life.
      await sleep(streams ? 350 : 0);
      await officer.approve(id);
      assert.equal(proviso.gateway.holds.state(proviso.gateway.holds.find(id) as never), 'open');
      await adviser.approve(id);
      const heard = await asking;
      assert.deepEqual(heard.calls.map(({ name, arguments: given }) => [name, given]).toSorted(), [
        ['find_berth', { metres: 12.5 }],
        ['fire_weapon', SIGNED],
      ]);
      assert.equal(heard.finish, 'tool_calls');
      assert.match(heard.text, /First this\. *Then that\./);
      assert.deepEqual(action.kind === 'tool_call' && action.arguments, SIGNED);
      assert.equal(heard.headers.get('proviso-release') !== null, !streams);
    });
  }
}
