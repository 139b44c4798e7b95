/**
 * What `releaseTask` and `releaseTasks` take: how each lease ends, and what is claimed next.
 */
import { z } from 'zod';
import { RELEASE_OUTCOMES } from '../log/events.ts';
import { DEPENDENCY_POLICIES } from '../model/dependency.ts';
import { resultForm } from '../model/artifact.ts';
import * as field from '../model/fields.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import { isVerdict } from '../model/review.ts';
import { holderFields } from './holder.ts';

const OF_NOTES: ReadonlySet<string> = new Set(['released', 'handed_off', 'approved', 'changes_requested']);

const itemFields = z.lazy(() =>
  z.strictObject({
    ...holderFields,
    outcome: z.enum(RELEASE_OUTCOMES),
    /** The result of a task that succeeded. */
    result: resultForm.optional(),
    /** The error of an attempt that failed or was cancelled. */
    error: z
      .strictObject({
        code: field.name.optional(),
        message: field.note,
        data: field.json(LIMITS.error_bytes_max).optional(),
      })
      .optional(),
    /** Do not retry: the failed task becomes a dead letter at once. */
    final: z.boolean().default(false),
    /** The agent or the role that the task is handed off to: exactly one of the two. */
    to: z.union([z.strictObject({ agent: field.name }), z.strictObject({ role: field.name })]).optional(),
    /** With `handed_off`: if no agent has claimed the task after so many milliseconds, it goes back to the sender. */
    byMs: z.int().min(1).max(LIMITS.delay_ms_max).optional(),
    /** For the next holder, when the task is released or handed off, or when a review asks for changes. */
    note: field.note.optional(),
    /** Of a verdict: the reviewer's signature over `verdictBytes`, as base64url. */
    signature: field.signature.optional(),
    /** The question that the task waits for: of an agent, of a role, or of any agent. */
    ask: z
      .strictObject({
        question: field.message,
        to: z.union([z.strictObject({ agent: field.name }), z.strictObject({ role: field.name })]).optional(),
      })
      .optional(),
    /** The tasks that it waits for, by their ids or numbers: it is queued again when the last of them has ended. */
    on: z.array(field.id).min(1).max(LIMITS.dependencies_max).optional(),
    /** With `on`: what becomes of it if one fails or is cancelled. Default: as for the task, or it waits on. */
    onDependencyFailure: z.enum(DEPENDENCY_POLICIES).optional(),
  }),
);

/** How one lease ends. */
export const releaseItem = z.lazy(() =>
  itemFields
    .unwrap()
    .refine(({ outcome, ask }) => outcome === 'waiting' || ask === undefined, {
      path: ['ask'],
      message: 'can only be given with waiting',
    })
    .refine(({ outcome, on }) => outcome === 'waiting' || on === undefined, {
      path: ['on'],
      message: 'can only be given with waiting',
    })
    .refine(({ outcome, ask, on }) => outcome !== 'waiting' || ask !== undefined || on !== undefined, {
      path: ['ask'],
      message: 'must be given with waiting, or on: the question or the tasks that the task waits for',
    })
    .refine(({ on, onDependencyFailure }) => on !== undefined || onDependencyFailure === undefined, {
      path: ['onDependencyFailure'],
      message: 'can only be given with on',
    })
    .refine(({ outcome, to }) => (outcome === 'handed_off') === (to !== undefined), {
      path: ['to'],
      message: 'must be given with handed_off, and only then',
    })
    .refine(({ outcome, byMs }) => outcome === 'handed_off' || byMs === undefined, {
      path: ['byMs'],
      message: 'can only be given with handed_off',
    })
    .refine(({ outcome, result }) => outcome === 'succeeded' || result === undefined, {
      path: ['result'],
      message: 'can only be given with succeeded',
    })
    .refine(({ outcome, error }) => outcome === 'failed' || outcome === 'cancelled' || error === undefined, {
      path: ['error'],
      message: 'can only be given with failed or cancelled',
    })
    .refine(({ outcome, signature }) => isVerdict(outcome) || signature === undefined, {
      path: ['signature'],
      message: 'can only be given with approved or changes_requested',
    })
    .refine(({ outcome, final }) => outcome === 'failed' || !final, {
      path: ['final'],
      message: 'can only be given with failed',
    })
    .refine(({ outcome, note }) => note === undefined || OF_NOTES.has(outcome), {
      path: ['note'],
      message: 'can only be given with released, handed_off, approved or changes_requested',
    })
    .refine(({ outcome, note }) => outcome !== 'changes_requested' || (note !== undefined && note.trim() !== ''), {
      path: ['note'],
      message: 'must be given with changes_requested: what to change',
    }),
);

/** One item, checked and filled in. */
export type ReleaseItem = z.output<typeof releaseItem>;

/** The input of `releaseTask` and `releaseTasks`. */
export const releaseInput = z.lazy(() =>
  z
    .strictObject({
      namespace: field.name,
      commandId: field.commandId,
      /** With `claimNext`: 128 random bits in hex. The tokens of the next leases are made from it. Never stored. */
      seed: field.seed.optional(),
      items: z.array(releaseItem).min(1).max(LIMITS.batch_max),
      /** Claims the next heads in the same transaction: the best that fit, but not a task that was just given back. */
      claimNext: z
        .strictObject({
          agent: field.name,
          instance: field.name.optional(),
          roles: field.roles.default([]),
          kinds: field.kinds.optional(),
          ttlMs: field.ttlMs.default(DEFAULTS.ttl_ms),
          staleAfterMs: field.staleAfterMs.default(DEFAULTS.stale_after_ms),
          limit: field.batchLimit.default(1),
        })
        .optional(),
    })
    .refine(({ claimNext, seed }) => claimNext === undefined || seed !== undefined, {
      path: ['seed'],
      message: 'must be given with claimNext',
    })
    .superRefine(({ items }, context) => refuseTogether(items, context)),
);

/** What is wrong with items only because they come together. */
function refuseTogether(items: readonly z.output<typeof releaseItem>[], context: z.RefinementCtx): void {
  const count = items.reduce((sum, { on = [] }) => sum + on.length, 0);
  if (count > LIMITS.batch_dependencies_max)
    context.addIssue({
      code: 'custom',
      path: ['items'],
      message: `names ${count} tasks together, and its limit is ${LIMITS.batch_dependencies_max}`,
      params: { code: 'LIMIT_EXCEEDED' },
    });
  const seen = new Map<string, number>();
  for (const [at, { token }] of items.entries()) {
    const before = seen.get(token);
    if (before === undefined) seen.set(token, at);
    else
      context.addIssue({ code: 'custom', path: ['items', at, 'token'], message: `is the token of items[${before}]` });
  }
}

/** The input, checked and filled in. */
export type ReleaseInput = z.output<typeof releaseInput>;
