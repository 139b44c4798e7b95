// Usage: node scripts/assert-node.mjs 24
// A test matrix that silently runs every job on one Node would prove nothing.
import process from 'node:process';

const [expected] = process.argv.slice(2);
if (!process.version.startsWith(`v${expected}.`)) {
  console.error(`expected Node ${expected}, this is ${process.version}`);
  process.exit(1);
}
console.log(process.version);
