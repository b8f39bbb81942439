// What fails under the running stack, and what operators do about it: one stack for all of it.
import './failures/dependencies.ts';
import './failures/game-days.ts';
import './failures/killed-functions.ts';
import './failures/runbooks.ts';
