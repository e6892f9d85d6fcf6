/** A change of people: written by the gateway, signed here, made when enough have signed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ask, type Input, type Result } from './api.ts';
import { makePasskey, signWithPasskey } from './passkey.ts';

export type Wanted = Input<'draftChange'>;
export type Change = Result<'listChanges'>[number];
export type Outcome = Result<'signChange'>;

export function useDraft(onDone: (outcome: Outcome) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: Wanted) => signed(await ask('draftChange', wanted)),
    onSuccess(outcome) {
      onDone(outcome);
      return queries.invalidateQueries();
    },
  });
}

/** A further passkey of one's own: made first, then signed for with one that there is already. */
export function useFurtherPasskey(onDone: (outcome: Outcome) => void) {
  const queries = useQueryClient();
  return useMutation({
    async mutationFn() {
      const { id, options } = await ask('beginPasskey', {});
      const passkey = await makePasskey(options);
      return signed(await ask('draftChange', { kind: 'add-passkey', id, passkey }));
    },
    onSuccess(outcome) {
      onDone(outcome);
      return queries.invalidateQueries();
    },
  });
}

export function useSignature(onDone: (outcome: Outcome) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: signed,
    onSuccess(outcome) {
      onDone(outcome);
      return queries.invalidateQueries();
    },
  });
}

async function signed({ document, options, maySign }: Change): Promise<Outcome> {
  if (!maySign || !options) throw new Error('Your signature would not count for this change.');
  return ask('signChange', { document, assertion: await signWithPasskey(options) });
}
