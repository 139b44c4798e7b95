/** A new seed for each run, printed, so that it can be given to repeat it. */
export function seedOfRun(): number {
  const seed = Number(process.env['ORCHESTRATOR_TEST_SEED'] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed} (repeat it with ORCHESTRATOR_TEST_SEED=${seed})`);
  return seed;
}
