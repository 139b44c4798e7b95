// What an agent host calls when something happens in it: `hook.js HOST EVENT`, with the event on standard input. It is
// none of the commands of people, and whatever fails, the host continues: the exit status is always 0.
try {
  const { keepCompiledCode } = await import('./compile-cache.js');
  keepCompiledCode();
  const { main } = await import('../dist/hook.js');
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`orchestrator: ${String(error)}\n`);
}
process.exit(0);
