/** How the console looks: Mantine’s own, with every text dark or light enough to be read (WCAG 2 AA). */
import { type CSSVariablesResolver, createTheme } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  defaultRadius: 'sm',
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

/** On a tinted ground the text is that of the page: yellow on yellow is read by few. */
export const legibleColours: CSSVariablesResolver = ({ colors }) => {
  const onTint = Object.fromEntries(
    Object.keys(colors).map((name) => [
      `--mantine-color-${name}-light-color`,
      'var(--mantine-color-text)',
    ]),
  );
  return {
    variables: {},
    light: {
      ...onTint,
      '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
      '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    },
    dark: { ...onTint, '--mantine-color-dimmed': 'var(--mantine-color-dark-1)' },
  };
};
