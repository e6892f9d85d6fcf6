/** A sentence of the gateway: what stands in backticks is code. */
import { Code } from '@mantine/core';

export function Words({ children }: { readonly children: string }) {
  return children.split('`').map((words, at) =>
    at % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move
      <Code key={at}>{words}</Code>
    ) : (
      words
    ),
  );
}
