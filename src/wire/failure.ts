/** What an HTTP status says of a provider's refusal, whichever protocol it comes in. */
import type { AnswerError } from './exchange.ts';

export function kindOfStatus(status: number): AnswerError['kind'] {
  switch (status) {
    case 401:
      return 'authentication';
    case 402:
    case 403:
      return 'permission';
    case 404:
      return 'not_found';
    case 408:
    case 504:
      return 'timeout';
    case 413:
      return 'too_large';
    case 429:
      return 'rate_limit';
    case 503:
    case 529:
      return 'overloaded';
    default:
      return status >= 500 ? 'server' : 'invalid_request';
  }
}
