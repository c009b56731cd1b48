import type { RemedySearch } from 'kernel-gossip-types';
import type { LimitSearch } from '../assess/limit-search.ts';

/** The search as it is kept on the object. */
export const storedSearch = (search: LimitSearch): RemedySearch => ({
  original_cores: search.originalCores,
  raises: search.raises,
  trims: search.trims,
  highest_throttled_cores: search.highestThrottledCores,
  lowest_calm_cores: search.lowestCalmCores,
  widest_cores: search.widestCores,
  unsure_cores: search.unsureCores,
});

export const searchFrom = (stored: RemedySearch): LimitSearch => ({
  originalCores: stored.original_cores,
  raises: stored.raises,
  trims: stored.trims,
  highestThrottledCores: stored.highest_throttled_cores,
  lowestCalmCores: stored.lowest_calm_cores,
  widestCores: stored.widest_cores,
  unsureCores: stored.unsure_cores,
});
