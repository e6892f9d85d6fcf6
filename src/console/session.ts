/** Who is signed in: known to every page. */
import { createContext, use } from 'react';
import type { Result } from './api.ts';

export type Session = Result<'getSession'>;

export const SessionContext = createContext<Session | undefined>(undefined);

/** Of a page behind the door, where there always is one. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error('No page is shown before someone has signed in.');
  return session;
}

export function hasRole({ roles }: Session, ...wanted: readonly string[]): boolean {
  return wanted.some((role) => roles.includes(role));
}
