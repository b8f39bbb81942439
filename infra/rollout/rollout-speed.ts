// In which steps a new version takes over. Pure.

/**
 * `canary`: a tenth of the requests for five minutes, then all. `linear`: a tenth more each minute. `at-once`: all, whatever the
 * alarms say.
 */
export type RolloutSpeed = 'canary' | 'linear' | 'at-once';

export const rolloutSpeeds: readonly string[] = ['canary', 'linear', 'at-once'] satisfies readonly RolloutSpeed[];
