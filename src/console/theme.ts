/** How the console looks: Mantine’s own, with every text dark or light enough to be read (WCAG 2 AA). */
import {
  Alert,
  type CSSVariablesResolver,
  createTheme,
  Modal,
  Notification,
  Select,
  TableScrollContainer,
  TagsInput,
} from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 8 },
  // Dark letters on a light button.
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // A cross alone says nothing to a screen reader.
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Close' } },
    }),
    Alert: Alert.extend({ defaultProps: { closeButtonLabel: 'Close' } }),
    Select: Select.extend({ defaultProps: { clearButtonProps: { 'aria-label': 'Clear' } } }),
    TagsInput: TagsInput.extend({ defaultProps: { clearButtonProps: { 'aria-label': 'Clear' } } }),
    // What scrolls can be scrolled by keyboard.
    TableScrollContainer: TableScrollContainer.extend({
      defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } },
    }),
  },
});

/** On a tinted ground the text is that of the page: yellow on yellow is read by few. */
export const legibleColours: CSSVariablesResolver = ({ colors }) => {
  const each = (letters: (name: string) => Readonly<Record<string, string>>) =>
    Object.assign({}, ...Object.keys(colors).map(letters)) as Record<string, string>;
  const shade = (name: string, of: number) => ({
    [`--mantine-color-${name}-light-color`]: 'var(--mantine-color-text)',
    [`--mantine-color-${name}-text`]: `var(--mantine-color-${name}-${of})`,
    [`--mantine-color-${name}-outline`]: `var(--mantine-color-${name}-${of})`,
  });
  return {
    variables: {},
    light: {
      ...each((name) => shade(name, 9)),
      '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
      '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    },
    dark: {
      ...each((name) => shade(name, 4)),
      '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
      '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    },
  };
};
