/** A real browser: Chromium without a window, as npm brings it. */
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** Made for one page in a small machine, and for pages that may do what no browser lets them. */
const NOT_WANTED: ReadonlySet<string> = new Set([
  '--single-process',
  '--no-zygote',
  '--disable-web-security',
  '--allow-running-insecure-content',
]);

export async function launchBrowser(): Promise<Browser> {
  return playwright.launch({
    args: chromium.args.filter((arg) => !NOT_WANTED.has(arg)),
    executablePath: await chromium.executablePath(),
  });
}
