/** What the next version would change, by proof; and bringing it into force. */
import { Alert, Button, Card, FileButton, Group, Progress, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api.ts';
import { type Progress as Done, useAttempt } from '../attempt.ts';
import { Comparison } from '../comparison.tsx';
import { Failure } from '../failure.tsx';
import { type PackFolder, readPackFolder } from '../pack-folder.ts';
import { hasRole, useSession } from '../session.ts';

export function NextVersion() {
  const [folder, setFolder] = useState<PackFolder>();
  const mayActivate = hasRole(useSession(), 'administrator');
  const comparing = useAttempt(
    async ({ name, files }: PackFolder) =>
      (await ask('beginComparison', { name, files })).comparison,
    (comparison) => ask('getComparison', { comparison }),
  );
  const choose = async (chosen: readonly File[]): Promise<void> => {
    if (chosen.length === 0) return;
    const read = await readPackFolder(chosen);
    setFolder(read);
    comparing.mutate(read);
  };
  return (
    <Stack>
      <Text size="sm">
        Choose the folder of a terms pack. It is compared with the terms in force by proof, with an
        example for each difference; nothing comes into force by that.
      </Text>
      <Group>
        <FileButton
          multiple
          onChange={(files) => void choose(files)}
          inputProps={{ webkitdirectory: '' } as object}
        >
          {(props) => (
            <Button {...props} variant="default" loading={comparing.isPending}>
              Choose a folder
            </Button>
          )}
        </FileButton>
        {folder && (
          <Text size="sm">
            {folder.name}: {folder.files.length} files, {folder.signatures.length} signatures
          </Text>
        )}
      </Group>
      {comparing.isPending && <HowFar progress={comparing.progress} words="Comparing" />}
      {comparing.isError && <Failure error={comparing.error} />}
      {comparing.data && <Comparison compared={comparing.data} />}
      {comparing.data && folder && mayActivate && <Activate folder={folder} />}
    </Stack>
  );
}

function Activate({ folder }: { readonly folder: PackFolder }) {
  const queries = useQueryClient();
  const activating = useAttempt(
    async (given: PackFolder) => (await ask('beginActivation', { ...given, releases: [] })).attempt,
    (attempt) => ask('getAttempt', { attempt }),
    () => queries.invalidateQueries(),
  );
  if (activating.data) {
    const { id, version, entry } = activating.data.activation;
    return (
      <Alert color="green" title={`${id} ${version} is in force`} role="status">
        Since entry {entry} of the ledger.
      </Alert>
    );
  }
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Text size="sm">
          To come into force it is tested, its signatures are held to the parties’ keys, and it is
          proven against what binds of the terms in force. Where any of it fails, nothing changes.
        </Text>
        <Group>
          <Button loading={activating.isPending} onClick={() => activating.mutate(folder)}>
            Bring it into force
          </Button>
        </Group>
        {activating.isPending && <HowFar progress={activating.progress} words="Proving" />}
        {activating.isError && <Failure error={activating.error} />}
      </Stack>
    </Card>
  );
}

function HowFar({
  progress,
  words,
}: {
  readonly progress: Done | undefined;
  readonly words: string;
}) {
  const { done, total } = progress ?? { done: 0, total: 0 };
  const share = total === 0 ? 0 : (100 * done) / total;
  return (
    <div role="status">
      <Text size="sm">
        {words}: {done} of {total === 0 ? 'some' : total} questions
      </Text>
      <Progress value={share} aria-label={words} />
    </div>
  );
}
