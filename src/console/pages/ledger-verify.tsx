/** A file that someone was given, verified here in the browser, by keys that its reader trusts. */
import { Code, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { DISCLOSURE_LIMITS } from '#base/limits.ts';
import { parseVerifierKey } from '#disclosure/verify/key.ts';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { ask } from '../api.ts';
import { DropFile } from '../drop-file.tsx';
import { Failure } from '../failure.tsx';
import { Loaded } from '../page.tsx';
import { usableKeys } from '../usable-keys.ts';
import { VerdictAlert } from '../verdict.tsx';

export function VerifyFile() {
  const known = useQuery({
    queryKey: ['known keys'],
    async queryFn() {
      const { verifierKeys, witnessing } = await ask('getCheckpoint', {});
      const witnessKeys = (witnessing?.witnesses ?? []).map(({ verifierKey }) => verifierKey);
      const keys = await usableKeys([...verifierKeys, ...witnessKeys]);
      return keys.map(({ text }) => text).join('\n');
    },
    staleTime: Infinity,
  });
  return <Loaded query={known}>{(keys) => <Form known={keys} />}</Loaded>;
}

function Form({ known }: { readonly known: string }) {
  const [keys, setKeys] = useState(known);
  const [file, setFile] = useState<File>();
  const [entry, setEntry] = useState<File>();
  const verdict = useQuery({
    queryKey: ['file verdict', keys, nameOf(file), nameOf(entry)],
    queryFn: () => verified(file as File, keys, entry),
    enabled: file !== undefined,
    retry: false,
  });
  return (
    <Stack>
      <Text size="sm">
        A disclosure, its SD-JWT, a proof of an entry or a checkpoint, of this ledger or another. It
        stays in this browser. Who has no console does the same at <Code>/verify</Code>.
      </Text>
      <Textarea
        label="Verifier keys that you trust, one a line"
        description="At first those that this gateway names. Compare them with the ones you were given elsewhere."
        value={keys}
        onChange={({ currentTarget }) => setKeys(currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <DropFile label="The file" value={file} onChoose={setFile} />
      <DropFile
        label="The entry, for a proof of one"
        description="Its bytes, where the file is a tlog-proof."
        value={entry}
        onChoose={setEntry}
      />
      {verdict.isError && <Failure error={verdict.error} />}
      {file && verdict.data && (
        <VerdictAlert
          verdict={verdict.data}
          titles={['Shown: all that the file says', 'Not shown']}
        >
          {verdict.data.checkpoint && (
            <Text size="xs" mt="xs">
              {file.name}: {verdict.data.file} of {verdict.data.checkpoint.origin}, head of{' '}
              {verdict.data.checkpoint.size.toLocaleString()} entries, cosigned by{' '}
              {verdict.data.checkpoint.cosignatures.length}
            </Text>
          )}
        </VerdictAlert>
      )}
    </Stack>
  );
}

async function verified(file: File, keys: string, entry: File | undefined) {
  const lines = keys.split('\n').filter((line) => line.trim() !== '');
  return verifyFile(await bytesOf(file), {
    keys: await Promise.all(lines.map((line) => parseVerifierKey(line.trim()))),
    entry: entry && (await bytesOf(entry)),
  });
}

async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > DISCLOSURE_LIMITS.fileBytesMax) throw new Error(`${file.name} is too large.`);
  return new Uint8Array(await file.arrayBuffer());
}

function nameOf(file: File | undefined): string {
  return file === undefined ? '' : `${file.name} ${file.size} ${file.lastModified}`;
}
