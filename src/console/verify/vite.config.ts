/**
 * Builds the verification page: one file, with its script and its styles in it, and a policy that
 * lets in these two and nothing else, from nowhere. `proviso verify --page` hands it out.
 */
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [inOneFile()],
  build: {
    outDir: '../../../dist/verify',
    emptyOutDir: true,
    modulePreload: false,
    rolldownOptions: { input: `${import.meta.dirname}/verify.html` },
  },
});

function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['verify.html'];
      const script = Object.values(bundle).find((file) => file.type === 'chunk');
      const style = Object.values(bundle).find(({ fileName }) => fileName.endsWith('.css'));
      if (page?.type !== 'asset' || !script || style?.type !== 'asset') {
        throw new Error('the page is not made of one script and one style sheet');
      }
      const code = script.code.replaceAll('</script', '<\\/script').trim();
      const css = String(style.source).trim();
      const html = String(page.source)
        .replace(/\s*<script type="module"[^>]*><\/script>/, '')
        .replace(/\s*<link rel="stylesheet"[^>]*>/, '');
      // Functions, since the code has `$&` and the like.
      page.source = html
        .replace('<meta charset="utf-8">', (tag) => `${tag}\n    ${policyOf(code, css)}`)
        .replace('</head>', (tag) => `  <style>${css}</style>\n  ${tag}`)
        .replace('</body>', (tag) => `  <script type="module">${code}</script>\n  ${tag}`);
      delete bundle[script.fileName];
      delete bundle[style.fileName];
    },
  };
}

/** Names the two by their hashes: a page with another script runs none. */
function policyOf(code: string, css: string): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(code)}'`,
    `style-src '${hashOf(css)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
