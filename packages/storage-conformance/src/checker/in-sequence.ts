/** How many of these calls followed one on the other, each sent after the one before was answered. */
export function inSequence(calls: readonly { readonly sentAt: number; readonly answeredAt: number | null }[]): number {
  let count = 0;
  let freeAt = Number.NEGATIVE_INFINITY;
  const byEnd = calls.flatMap(({ sentAt, answeredAt }) => (answeredAt === null ? [] : [{ sentAt, answeredAt }]));
  for (const { sentAt, answeredAt } of byEnd.toSorted((a, b) => a.answeredAt - b.answeredAt)) {
    if (sentAt < freeAt) continue;
    count += 1;
    freeAt = answeredAt;
  }
  return count;
}
