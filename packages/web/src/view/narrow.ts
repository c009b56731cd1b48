import { useEffect, useState } from 'preact/hooks';

/** From this width on, a whisper takes one line; style.css says the same. */
const NARROW = '(max-width: 839px)';

/** Whether the page is too narrow for a whisper in one line. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const query = window.matchMedia(NARROW);
    const listen = (): void => {
      setNarrow(query.matches);
    };
    query.addEventListener('change', listen);
    return () => {
      query.removeEventListener('change', listen);
    };
  }, []);
  return isNarrow;
}
