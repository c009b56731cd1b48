import { podHash } from '../model/route.ts';
import type { App } from '../state/app.ts';

/** The keys and what they do, for the help. */
export const KEYS = [
  ['j', 'next whisper'],
  ['k', 'previous whisper'],
  ['Enter', "its pod's story"],
  ['Esc', 'back to the list; in the list, out of the filters'],
  ['/', 'search'],
  ['t', 'colours: as the system, light, dark'],
  ['?', 'this help'],
] as const;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, select, textarea, dialog, dialog *');

/** What a key does, wherever the focus is. */
export function pressed(event: KeyboardEvent, app: App): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') escape(event, app);
  else if (!isTyping(event.target)) ACTIONS[event.key]?.(app, event);
}

type Action = (app: App, event: KeyboardEvent) => void;

const ACTIONS: Readonly<Record<string, Action>> = {
  j: (app) => {
    move(app, 1);
  },
  k: (app) => {
    move(app, -1);
  },
  '/': (app, event) => {
    event.preventDefault();
    if (app.place.route.value.page !== 'whispers') app.place.go(app.place.listHash.value);
    // The list may have to be drawn first.
    requestAnimationFrame(() => document.querySelector<HTMLInputElement>('#search')?.focus());
  },
  '?': ({ isHelpOpen }) => {
    isHelpOpen.value = true;
  },
  t: ({ theme }) => {
    theme.next();
  },
  Enter: (app, event) => {
    // A link or button in focus knows by itself what it is for.
    if (event.target !== document.body) return;
    const row = app.rows.value.find(({ key }) => key === app.selected.value);
    if (row?.type === 'whisper') app.place.go(podHash(row.whisper.spec.namespace, row.whisper.spec.pod_name));
  },
};

function move(app: App, by: 1 | -1): void {
  if (app.place.route.value.page !== 'whispers') return;
  const keys = app.rows.value.flatMap(({ type, key }) => (type === 'whisper' ? [key] : []));
  const at = keys.indexOf(app.selected.value ?? '');
  const next = at === -1 ? 0 : Math.min(keys.length - 1, Math.max(0, at + by));
  app.selected.value = keys[next] ?? null;
}

/** Out of what one is in: the help closes by itself, then a field, then a pod, then the filters. */
function escape(event: KeyboardEvent, app: App): void {
  if (app.isHelpOpen.value) return;
  if (event.target instanceof HTMLElement && isTyping(event.target)) event.target.blur();
  else if (app.place.route.value.page === 'whispers') app.place.go('#/');
  else app.place.go(app.place.listHash.value);
}
