import { effect, signal, type ReadonlySignal } from '@preact/signals';

const THEMES = ['auto', 'light', 'dark'] as const;
/** `auto` is what the system prefers. */
export type Theme = (typeof THEMES)[number];

export interface ThemeChoice {
  readonly theme: ReadonlySignal<Theme>;
  readonly next: () => void;
}

const KEY = 'kernel-gossip.theme';

/** The theme that was chosen, remembered in this browser where it lets pages remember anything. */
export function createTheme(root: HTMLElement, storage: Storage | null): ThemeChoice {
  const kept = storage?.getItem(KEY);
  const theme = signal<Theme>(THEMES.find((one) => one === kept) ?? 'auto');
  effect(() => {
    root.dataset.theme = theme.value;
    storage?.setItem(KEY, theme.value);
  });
  return {
    theme,
    next: () => {
      theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto';
    },
  };
}
