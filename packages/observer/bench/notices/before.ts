// The rule that the observer had before, to compare with: 25 % of at least 5 active periods begin an episode, 5 seconds below two thirds
// of it end one. Neither how much was withheld nor for how long it went on counted.

const ENTER = 0.25;
const LEAVE = ENTER * (2 / 3);
const MIN_PERIODS = 5;
const CALM_SECONDS = 5;
const LONGEST_SECONDS = 60;

export interface Before {
  /** Takes one second; answers whether it is told as throttled after it. */
  take(nrPeriods: number, nrThrottled: number): boolean;
}

export function createBefore(): Before {
  let isOpen = false;
  let calm = 0;
  let periods = 0;
  let throttled = 0;
  let seconds = 0;
  const isConclusive = (): boolean => periods >= MIN_PERIODS || seconds >= LONGEST_SECONDS;
  const share = (): number => (periods === 0 ? 0 : throttled / periods);

  function whileOpen(isQuiet: boolean): void {
    calm = isQuiet || (isConclusive() && share() < LEAVE) ? calm + 1 : 0;
    if (calm >= CALM_SECONDS) isOpen = false;
  }
  function whileShut(): void {
    if (periods < MIN_PERIODS || share() < ENTER) return;
    isOpen = true;
    calm = 0;
  }
  return {
    take(nrPeriods, nrThrottled) {
      // It was not asked about a group that does nothing.
      if (!isOpen && seconds === 0 && nrPeriods === 0) return false;
      periods += nrPeriods;
      throttled += nrThrottled;
      seconds += 1;
      if (isOpen) whileOpen(nrThrottled === 0);
      else whileShut();
      if (isConclusive()) {
        periods = 0;
        throttled = 0;
        seconds = 0;
      }
      return isOpen;
    },
  };
}
