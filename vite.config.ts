/** Builds the console: what the gateway serves at /console, from `dist/console`. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src/console',
  base: '/console/',
  plugins: [react()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    // Nothing inlined: the page's policy allows scripts and styles from its own files alone.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2_000,
  },
});
