/** Media as `data:` URLs (RFC 2397), the form that both OpenAI protocols take. */
import type { MediaPart } from './exchange.ts';

export type MediaSource = MediaPart['source'];

/** A base64 `data:` URL as its bytes, any other URL as a URL; undefined where neither can be read. */
export function sourceOfUrl(url: string): MediaSource | undefined {
  if (url.slice(0, 5).toLowerCase() !== 'data:') {
    return /^https?:\/\//i.test(url) ? { kind: 'url', url } : undefined;
  }
  const comma = url.indexOf(',');
  const header = url.slice(5, Math.max(comma, 5));
  if (!header.toLowerCase().endsWith(';base64')) return undefined;
  const mediaType = header.slice(0, -7);
  return mediaType === '' ? undefined : { kind: 'base64', mediaType, base64: url.slice(comma + 1) };
}

export function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}
