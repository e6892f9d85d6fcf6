/** Something that changes the gateway: asked once, and everything shown is asked for again after. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ask, type Input, type OperationName, type Result } from './api.ts';

/** @param words what is said once it is done */
export function useAction<N extends OperationName>(
  name: N,
  words: string,
  onDone?: (result: Result<N>) => void,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input<N>) => ask(name, input),
    onSuccess(result) {
      notifications.show({ message: words });
      onDone?.(result);
      return queries.invalidateQueries();
    },
  });
}
