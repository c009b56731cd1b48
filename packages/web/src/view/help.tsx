import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { KEYS } from './keys.ts';

/** The keys. A dialog of the browser's own: it keeps the focus within, and Esc closes it. */
export function Help({ isOpen }: { readonly isOpen: Signal<boolean> }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
  }, [isOpen.value]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="help-title"
      onClose={() => {
        isOpen.value = false;
      }}
    >
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>
        Point at a number to see where it comes from and which window it covers.{' '}
        <span class="unmeasured">not measured</span> is not zero: nobody looked, or nobody could.
      </p>
      <form method="dialog">
        <button>Close</button>
      </form>
    </dialog>
  );
}
