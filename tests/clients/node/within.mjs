// A check of what time or chance decides.
import assert from "node:assert/strict";

/// Fails unless the value lies between the two, both included.
export function assertWithin(value, least, most) {
  assert.ok(value >= least && value <= most, `${value} is not within ${least} and ${most}`);
}
