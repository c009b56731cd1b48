import { render } from 'preact';
import { createApp } from './state/app.ts';
import { Page } from './view/page.tsx';

/** Browsers that let a page remember nothing throw on the mere question. */
function storageOf(window: Window): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const root = document.getElementById('page');
if (root !== null) render(<Page app={createApp(window, storageOf(window))} />, root);
