import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { App } from '../state/app.ts';
import { BirthList } from './birth-list.tsx';
import { Header } from './header.tsx';
import { Help } from './help.tsx';
import { pressed } from './keys.ts';
import { PodStory } from './pod-story.tsx';
import { TokenForm } from './token-form.tsx';
import { WhisperList } from './whisper-list.tsx';

/** The page as a whole: what the address asks for, between a head that says how live it is and the keys' help. */
export function Page({ app }: { readonly app: App }): JSX.Element {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      pressed(event, app);
    };
    window.addEventListener('keydown', listen);
    return () => {
      window.removeEventListener('keydown', listen);
    };
  }, [app]);
  return (
    <div class="page">
      <Header app={app} />
      <main id="main" tabIndex={-1}>
        <Content app={app} />
      </main>
      <Help isOpen={app.isHelpOpen} />
    </div>
  );
}

function Content({ app }: { readonly app: App }): JSX.Element {
  const connection = app.connection.value;
  if (connection.state === 'denied') return <TokenForm denial={connection} useToken={app.useToken} />;
  const route = app.place.route.value;
  switch (route.page) {
    case 'whispers':
      return <WhisperList app={app} />;
    case 'births':
      return <BirthList app={app} />;
    case 'pod':
      return <PodStory key={`${route.namespace}/${route.pod}`} app={app} {...route} />;
  }
}
