/** A secret that is shown this once: with words for what it is, and a way to take it along. */
import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';

export function Once({ words, value }: { readonly words: string; readonly value: string }) {
  return (
    <Stack gap={4} mt="xs">
      <Text size="sm">{words} It is shown this once.</Text>
      <Group wrap="nowrap">
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {value}
        </Code>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Stack>
  );
}
