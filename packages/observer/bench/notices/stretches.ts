import type { Stretch } from './truth.ts';

/** Collects stretches of time from "it is so" and "it is not". */
export interface Stretches {
  set(isOn: boolean, at: number): void;
  end(at: number): readonly Stretch[];
}

export function createStretches(): Stretches {
  const all: Stretch[] = [];
  let since: number | null = null;
  const set = (isOn: boolean, at: number): void => {
    if (isOn) since ??= at;
    else if (since !== null) {
      all.push({ from: since, to: at });
      since = null;
    }
  };
  return {
    set,
    end(at) {
      set(false, at);
      return all;
    },
  };
}
