// Written for the oldest Node that can load an ES module, so that it can still speak.
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);

if (major < 22 || (major === 22 && minor < 22)) refuse();

/** In the form that was asked for, as `src/main.ts` answers every other failure. */
function refuse() {
  var message = 'needs Node 22.22 or later, this is Node ' + process.versions.node + '.';
  var words = process.argv.slice(2);
  if (words.indexOf('--') !== -1) words = words.slice(0, words.indexOf('--'));
  var has = function (word) {
    return words.indexOf(word) !== -1;
  };
  if (has('claim') && has('--env')) {
    // Else the shell would keep the variables of an earlier lease (see `src/views/no-claim-env.ts`).
    process.stdout.write(
      'unset ORCHESTRATOR_SESSION ORCHESTRATOR_TASK ORCHESTRATOR_FENCE\nexport ORCHESTRATOR_TOKEN=\n(exit 78)\n',
    );
  } else if (has('--json') || (has('--jsonl') && !has('create'))) {
    // The fields in the order of every error document. Nothing in the message needs an escape.
    var error = { code: 'NODE_TOO_OLD', exit: 78, message: 'The orchestrator ' + message, retryable: false };
    process.stdout.write(JSON.stringify({ schema_version: 1, kind: 'error', error: error }) + '\n');
    process.exit(78);
  }
  process.stderr.write('orchestrator: ' + message + '\n');
  process.exit(78);
}
