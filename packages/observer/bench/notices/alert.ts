// The usual alert, CPUThrottlingHigh of kubernetes-mixin (alerts/resource_alerts.libsonnet), as Prometheus evaluates it: 25 % of the
// periods over 5 minutes, for 15 minutes, with a scrape and an evaluation every 30 seconds.

export const SCRAPE_SECONDS = 30;
const RANGE = 300 / SCRAPE_SECONDS;
const FOR_SECONDS = 15 * 60;
const SHARE = 0.25;

export interface Alert {
  /** Takes the counters of one scrape; answers whether the alert fires after it. */
  scrape(atSecond: number, nrPeriods: number, nrThrottled: number): boolean;
}

export function createAlert(): Alert {
  const periods: number[] = [];
  const throttled: number[] = [];
  let activeSince: number | null = null;
  return {
    scrape(atSecond, nrPeriods, nrThrottled) {
      periods.push(nrPeriods);
      throttled.push(nrThrottled);
      if (periods.length > RANGE + 1) {
        periods.shift();
        throttled.shift();
      }
      // Extrapolation cancels out: both increases are over the same samples. 0/0 is not above anything.
      const isHigh = (nrThrottled - (throttled[0] ?? 0)) / (nrPeriods - (periods[0] ?? 0)) > SHARE;
      activeSince = isHigh ? (activeSince ?? atSecond) : null;
      return activeSince !== null && atSecond - activeSince >= FOR_SECONDS;
    },
  };
}
