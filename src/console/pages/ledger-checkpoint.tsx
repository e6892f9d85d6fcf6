/** The signed head in force, checked in the browser, and the witnesses that vouch for it. */
import { Alert, Badge, Button, Card, Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { ask, type Result } from '../api.ts';
import { Loaded } from '../page.tsx';
import { saveFile } from '../save-file.ts';
import { usableKeys } from '../usable-keys.ts';
import { VerdictAlert } from '../verdict.tsx';

type Head = Result<'getCheckpoint'>;

export function CheckpointInForce() {
  const head = useQuery({
    queryKey: ['checkpoint'],
    queryFn: () => ask('getCheckpoint', {}),
    refetchInterval: 5_000,
  });
  return (
    <Loaded query={head}>
      {(found) => (
        <Stack>
          <Signed head={found} />
          <Witnesses head={found} />
        </Stack>
      )}
    </Loaded>
  );
}

function Signed({ head }: { readonly head: Head }) {
  const { text, size, verifierKeys, witnessing } = head;
  const verdict = useQuery({
    queryKey: ['head verdict', text],
    async queryFn() {
      const witnessKeys = (witnessing?.witnesses ?? []).map(({ verifierKey }) => verifierKey);
      const keys = await usableKeys([...verifierKeys, ...witnessKeys]);
      return verifyFile(new TextEncoder().encode(text), { keys });
    },
  });
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          Checkpoint of {size.toLocaleString()} entries
        </Title>
        <Button
          size="xs"
          variant="default"
          onClick={() => saveFile(`checkpoint-${size}`, text, 'text/plain')}
        >
          Save it
        </Button>
      </Group>
      <Text size="sm" mb="xs">
        Whoever has this can show later if the log was changed: keep it, or compare it with one that
        somebody else was given.
      </Text>
      <Code block style={SCROLLED} mb="sm" tabIndex={0}>
        {text}
      </Code>
      {verdict.data && (
        <VerdictAlert
          verdict={verdict.data}
          titles={['Its signatures hold, checked in this browser', 'Its signatures do not hold']}
        />
      )}
      <Text size="sm" mt="sm">
        By the keys that this gateway names; compare them with the ones you were given elsewhere:
      </Text>
      <Code block fz="xs" style={SCROLLED} tabIndex={0}>
        {verifierKeys.join('\n')}
      </Code>
    </Card>
  );
}

/** A signature that quantum computers could not forge has 2,420 bytes. */
const SCROLLED = {
  whiteSpace: 'pre-wrap',
  overflowWrap: 'anywhere',
  maxHeight: '13rem',
  overflowY: 'auto',
} as const;

function Witnesses({ head: { witnessing, size, newest } }: { readonly head: Head }) {
  if (!witnessing) {
    return (
      <Alert color="gray" title="No witnesses">
        Nobody outside vouches that this log shows everyone the same: the configuration names no
        witnesses.
      </Alert>
    );
  }
  const { quorum, isQuorum, waitingMs = 0, witnesses } = witnessing;
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          Witnesses
        </Title>
        <Badge color={isQuorum ? 'green' : 'red'} variant="light">
          {isQuorum ? 'quorum reached' : 'no quorum'}
        </Badge>
      </Group>
      <Text size="sm">
        Asked for: {quorum}.
        {newest > size &&
          ` ${(newest - size).toLocaleString()} newer entries have waited for it for ${Math.ceil(waitingMs / 1_000)} s.`}
      </Text>
      <Table.ScrollContainer minWidth={520}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Witness</Table.Th>
              <Table.Th>This checkpoint</Table.Th>
              <Table.Th>Key</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {witnesses.map(({ name, verifierKey, hasCosigned, problem }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Badge color={hasCosigned ? 'green' : 'gray'} variant="light">
                    {hasCosigned ? 'cosigned' : 'not cosigned'}
                  </Badge>
                  {problem !== undefined && <Text size="xs">{problem}</Text>}
                </Table.Td>
                <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
                  {verifierKey}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
