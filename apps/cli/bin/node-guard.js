// Written for the oldest Node that can load an ES module, so that it can still speak.
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);

if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write('orchestrator: needs Node 22.22 or later, this is Node ' + process.versions.node + '.\n');
  process.exit(78);
}
