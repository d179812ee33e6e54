/** Shuffle sharding: a flow is dealt a few of a level's queues, so that two flows rarely share all of theirs. */
import { createHash } from 'node:crypto';

/** 64 bits of a flow's name. */
function digest(flow: string): bigint {
  return createHash('sha256').update(flow).digest().readBigUInt64LE(0);
}

/** Different numbers below `deck`, as many as the hand holds, the same for the same flow. */
export function deal(flow: string, deck: number, size: number): number[] {
  let entropy = digest(flow);
  const hand: number[] = [];
  for (let i = 0; i < Math.min(size, deck); i++) {
    const left = BigInt(deck - i);
    let card = Number(entropy % left);
    entropy /= left;
    // Counted among the cards that are still in the deck.
    for (const dealt of [...hand].sort((a, b) => a - b)) if (card >= dealt) card++;
    hand.push(card);
  }
  return hand;
}
