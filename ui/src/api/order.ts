// Which of several answers counts, when they may overtake each other.
import type { Application } from "./types";

/** Questions of one subject: an answer counts unless a later question was asked, or the subject was told of meanwhile. */
export function questions() {
  let turn = 0;
  return {
    /** Asks, and answers whether the answer counts when it comes. */
    ask: () => {
      turn += 1;
      const mine = turn;
      return () => mine === turn;
    },
    /** Something newer than all answers on their way is known. */
    told: () => {
      turn += 1;
    },
  };
}

/** Whether a state of an application is not older than the known one. Versions grow, also from one of a name to the next. */
export function isCurrent(known: Application | undefined, found: Application): boolean {
  const version = (application: Application) => Number(application.metadata.resourceVersion ?? 0);
  return known === undefined || version(found) >= version(known);
}
