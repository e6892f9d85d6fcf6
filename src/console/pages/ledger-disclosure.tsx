/** Chosen fields of the entries that a filter finds, made into a file that anyone can verify. */
import { Alert, Button, Checkbox, Code, Group, Stack, TagsInput, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask, type Input, type Result } from '../api.ts';
import { type EntryFilter, instantOf } from '../entry-filters.tsx';
import { Failure } from '../failure.tsx';
import { saveFile } from '../save-file.ts';
import { Sentences } from '../verdict.tsx';

/** What entries often have; a decision's `caller`, `content` and `facts` are private. */
const FIELDS = ['effect', 'rules', 'targets', 'purpose', 'outcome', 'caller', 'content', 'facts'];

export function MakeDisclosure({
  filter,
  filters,
}: {
  readonly filter: EntryFilter;
  readonly filters: ReactNode;
}) {
  const [fields, setFields] = useState<string[]>(['effect', 'rules']);
  const [isComplete, setComplete] = useState(false);
  const making = useMutation({
    mutationFn: (asked: Input<'makeDisclosure'>) => ask('makeDisclosure', asked),
    onSuccess: ({ text }) => saveFile('disclosure.json', text, 'application/json'),
  });
  const { from, to, ...rest } = filter;
  const where = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return (
    <Stack>
      <Text size="sm">
        A file that shows chosen fields of chosen entries with the proof that they are in the
        ledger, and nothing of the rest. Public facts of a shown entry are always in it.
      </Text>
      {filters}
      <TagsInput
        label="Fields"
        description="Private values, caller, content and facts, are shown whole."
        data={FIELDS}
        value={fields}
        onChange={setFields}
      />
      <Checkbox
        label="Complete"
        description="Shows every entry of the time between, so that none that matches can be missing."
        checked={isComplete}
        onChange={({ currentTarget }) => setComplete(currentTarget.checked)}
      />
      <Group>
        <Button
          disabled={fields.length === 0}
          loading={making.isPending}
          onClick={() =>
            making.mutate({ where, fields, isComplete, from: instantOf(from), to: instantOf(to) })
          }
        >
          Make the disclosure
        </Button>
      </Group>
      {making.isError && <Failure error={making.error} />}
      {making.data && <Made made={making.data} />}
    </Stack>
  );
}

function Made({ made }: { readonly made: Result<'makeDisclosure'> }) {
  const { sha256, entries, shown, notShown, text } = made;
  return (
    <Alert
      color="green"
      title={entries === 1 ? 'A disclosure of one entry' : `A disclosure of ${entries} entries`}
      role="status"
    >
      <Sentences sentences={shown} />
      <Title order={3} size="h6" mt="xs">
        Not shown
      </Title>
      <Sentences sentences={notShown} />
      <Text size="sm" mt="xs">
        SHA-256 of the file, to put on record with an inquiry:
      </Text>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {sha256}
      </Code>
      <Button
        size="xs"
        mt="xs"
        variant="default"
        onClick={() => saveFile('disclosure.json', text, 'application/json')}
      >
        Save it again
      </Button>
    </Alert>
  );
}
