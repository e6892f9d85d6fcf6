/** One entry: what it says, and its proof, checked here in the browser and not by the gateway. */
import { Anchor, Button, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { parseVerifierKey } from '#disclosure/verify/key.ts';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { ask, type Result } from '../api.ts';
import { Determining } from '../determining.tsx';
import { EffectBadge } from '../effect-badge.tsx';
import { EntryTable } from '../entry-table.tsx';
import { ExchangeFacts } from '../exchange-facts.tsx';
import { Loaded, Page } from '../page.tsx';
import { SandboxBadge, useIsSandboxed } from '../sandbox.tsx';
import { saveFile } from '../save-file.ts';
import { hasRole, useSession } from '../session.ts';
import { VerdictAlert } from '../verdict.tsx';

export function EntryPage() {
  const { index } = useParams<{ index: string }>();
  const entry = useQuery({
    queryKey: ['entry', index],
    queryFn: () => ask('getEntry', { index: Number(index) }),
  });
  return (
    <Page title={`Entry ${index}`} about="What stands in clear, for ever, and its proof.">
      <Loaded query={entry}>{(found) => <Found found={found} />}</Loaded>
    </Page>
  );
}

function Found({ found }: { readonly found: Result<'getEntry'> }) {
  const { entry, text, related } = found;
  const session = useSession();
  const isSandboxed = useIsSandboxed();
  return (
    <Stack>
      <Group gap="xl">
        <Fact name="kind" value={entry.kind} />
        <EffectBadge entry={entry} />
        <Fact name="recorded" value={new Date(entry.at).toLocaleString()} />
        {isSandboxed(entry) && <SandboxBadge />}
        <Fact name="bytes" value={String(new TextEncoder().encode(text).length)} />
      </Group>
      {entry.kind === 'decision' && <Determining entry={entry} />}
      <Card withBorder>
        <Title order={2} size="h5" mb="sm">
          In clear
        </Title>
        <Code block style={WRAPPED}>
          {JSON.stringify(entry.public, null, 2)}
        </Code>
      </Card>
      {hasRole(session, 'auditor') &&
        (entry.kind === 'decision' ? (
          <ExchangeFacts index={entry.index} />
        ) : (
          <PrivateValues index={entry.index} />
        ))}
      <Proof found={found} />
      {related.length > 0 && (
        <Card withBorder>
          <Title order={2} size="h5" mb="sm">
            What belongs to it
          </Title>
          <EntryTable entries={related} />
        </Card>
      )}
      <Anchor component={Link} href="/ledger" size="sm">
        All entries
      </Anchor>
    </Stack>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text>{value}</Text>
    </div>
  );
}

/** The hash of the entry's bytes leads, with the proof, to the head that the ledger's key signed. */
function Proof({ found }: { readonly found: Result<'getEntry'> }) {
  const { text, proof, verifierKey, entry } = found;
  const verdict = useQuery({
    queryKey: ['verdict', proof, text, verifierKey],
    async queryFn() {
      const bytes = new TextEncoder();
      const keys = [await parseVerifierKey(verifierKey)];
      return verifyFile(bytes.encode(proof), { keys, entry: bytes.encode(text) });
    },
  });
  if (!verdict.data) return null;
  const { checkpoint } = verdict.data;
  return (
    <VerdictAlert
      verdict={verdict.data}
      titles={['Its proof holds, checked in this browser', 'Its proof does not hold']}
    >
      <Stack gap="xs" mt="xs">
        {checkpoint && (
          <Text size="xs">
            Head of {checkpoint.size.toLocaleString()} entries, cosigned by{' '}
            {checkpoint.cosignatures.length} witnesses. The key is the one that this gateway names:
            compare it with the one you were given elsewhere.
          </Text>
        )}
        <Code block fz="xs" style={WRAPPED}>
          {verifierKey}
        </Code>
        <div>
          <Button
            size="xs"
            variant="default"
            onClick={() => saveFile(`entry-${entry.index}.tlog-proof`, proof, 'text/plain')}
          >
            Save the proof
          </Button>
        </div>
      </Stack>
    </VerdictAlert>
  );
}

const WRAPPED = { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' } as const;

function PrivateValues({ index }: { readonly index: number }) {
  const [isWanted, setWanted] = useState(false);
  const values = useQuery({
    queryKey: ['private', index],
    queryFn: () => ask('readPrivate', { index }),
    enabled: isWanted,
  });
  return (
    <Card withBorder>
      <Group justify="space-between">
        <Title order={2} size="h5">
          Private values
        </Title>
        {!isWanted && (
          <Button size="xs" variant="default" onClick={() => setWanted(true)}>
            Open the vault
          </Button>
        )}
      </Group>
      {isWanted && (
        <Loaded query={values}>
          {(found) => (
            <Code block style={WRAPPED}>
              {JSON.stringify(found, null, 2)}
            </Code>
          )}
        </Loaded>
      )}
    </Card>
  );
}
