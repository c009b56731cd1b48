import { visible } from 'kernel-gossip-types';
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';

export interface TokenFormOptions {
  readonly denial: { readonly status: 401 | 403; readonly why: string };
  readonly useToken: (token: string) => void;
}

/** Asks who reads, where the operator wants to know. The token goes nowhere but to the operator, and is not kept. */
export function TokenForm({ denial: { status, why }, useToken }: TokenFormOptions): JSX.Element {
  const token = useSignal('');
  return (
    <section class="denied">
      <h2>{status === 401 ? 'Who are you?' : 'You may not read this'}</h2>
      <p>{visible(why)}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          useToken(token.value.trim());
        }}
      >
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={token.value}
          onInput={({ currentTarget }) => {
            token.value = currentTarget.value;
          }}
        />
        <button>Read with this token</button>
      </form>
      <p>
        <code>kubectl create token NAME --audience=kernel-gossip</code> makes one for a service account that
        may list whispers. No token is needed through{' '}
        <code>kubectl port-forward -n kernel-gossip deployment/kernel-gossip-operator 8080</code>.
      </p>
    </section>
  );
}
