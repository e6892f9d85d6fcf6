/** What came of a signature under a change of people; a link that is shown this once. */
import { Alert, Text } from '@mantine/core';
import { Once } from './once.tsx';
import type { Outcome } from './signed-change.ts';

export function Told({
  outcome,
  onClose,
}: {
  readonly outcome: Outcome;
  readonly onClose: () => void;
}) {
  const { isMade, signatures, signaturesNeeded, invitation, code } = outcome;
  return (
    <Alert
      color={isMade ? 'green' : 'yellow'}
      title={isMade ? 'Done' : `Signed by ${signatures} of ${signaturesNeeded}`}
      withCloseButton
      onClose={onClose}
      role="status"
    >
      {!isMade && <Text size="sm">It waits for another signature, among the open changes.</Text>}
      {invitation !== undefined && (
        <Once
          words="The link for whoever is invited, good once within 48 hours:"
          value={invitation}
        />
      )}
      {code !== undefined && (
        <Once words="The code that they will need beside the link, from you alone:" value={code} />
      )}
    </Alert>
  );
}
