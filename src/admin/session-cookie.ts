/**
 * The cookie that holds a session's secret: for this host alone (`__Host-`), never for scripts, never
 * with a request that another site's page began, and never without encryption. The one exception is
 * `http://localhost`: there the name has no prefix and the cookie is not `Secure`, since not every
 * browser keeps such a cookie without encryption, and what is sent stays on the machine.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session } from '#people/sessions.ts';
import type { Visit } from './operation.ts';
import type { Web } from './web.ts';

/** A browser's session, as operations see it. */
export function visitOf(request: FastifyRequest, reply: FastifyReply, web: Web): Visit {
  const { name, attributes } = cookieOf(web.origin);
  const secret = request.cookies[name];
  return {
    signIn(person: string, via: Session['via']) {
      if (secret !== undefined) web.sessions.end(secret);
      const begun = web.sessions.begin(person, via);
      reply.setCookie(name, begun.secret, attributes);
      return begun.session;
    },
    current: () => (secret === undefined ? undefined : web.sessions.find(secret)),
    isInForce: () => secret !== undefined && web.sessions.isInForce(secret),
    signOut() {
      if (secret !== undefined) web.sessions.end(secret);
      reply.clearCookie(name, attributes);
    },
  };
}

function cookieOf(origin: string) {
  const isEncrypted = origin.startsWith('https:');
  return {
    name: isEncrypted ? '__Host-proviso' : 'proviso',
    attributes: { path: '/', httpOnly: true, sameSite: 'strict', secure: isEncrypted },
  } as const;
}
