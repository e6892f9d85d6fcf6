/** What verifying a file came to, in this browser. */
import { Alert, List, Text, Title } from '@mantine/core';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Verdict } from '#disclosure/verify/verdict.ts';
import { Words } from './words.tsx';

export function VerdictAlert({
  verdict: { isShown, problem, shown, notShown },
  titles,
  children,
}: {
  readonly verdict: Verdict;
  /** Where it holds, and where it does not. */
  readonly titles: readonly [string, string];
  readonly children?: ReactNode;
}) {
  return (
    <Alert
      color={isShown ? 'green' : 'red'}
      icon={isShown ? <IconShieldCheck /> : <IconShieldX />}
      title={titles[isShown ? 0 : 1]}
      role="status"
    >
      {isShown ? (
        <>
          <Sentences sentences={shown} />
          {notShown.length > 0 && (
            <>
              <Title order={3} size="h6" mt="xs">
                Not shown
              </Title>
              <Sentences sentences={notShown} />
            </>
          )}
        </>
      ) : (
        <Text size="sm">
          <Words>{problem?.message ?? ''}</Words>
        </Text>
      )}
      {children}
    </Alert>
  );
}

export function Sentences({ sentences }: { readonly sentences: readonly string[] }) {
  return (
    <List size="sm">
      {sentences.map((sentence) => (
        <List.Item key={sentence}>
          <Words>{sentence}</Words>
        </List.Item>
      ))}
    </List>
  );
}
