// The phases of a request that are watched, and how the code says when each begins and ends. Pure.

/** The parts of an exchange that are measured, in their order; the last two run side by side. */
export type Phase = 'verify' | 'policy' | 'admit' | 'mint' | 'record';

/**
 * Begins a phase; what it answers takes the phase's work, begun after it, and ends the phase when the work is done. Written
 * as `watch('verify')(verifyParties(…))`: a call is looked up before its arguments are.
 */
export type WatchPhase = (phase: Phase) => <Work>(work: Work) => Work;

export const unwatched: WatchPhase = () => (work) => work;
