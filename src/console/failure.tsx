/** Something went wrong: what, in the gateway's words, and what to do. */
import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { ApiError } from './api.ts';
import { Words } from './words.tsx';

export function Failure({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => unknown;
}) {
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  return (
    <Alert color="red" title="This did not work" role="alert">
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        <Words>{message}</Words>
      </Text>
      <Group mt="sm" justify="space-between">
        {error instanceof ApiError ? <Code>{error.code}</Code> : <span />}
        {onRetry && (
          <Button size="xs" variant="light" color="red" onClick={() => void onRetry()}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}
