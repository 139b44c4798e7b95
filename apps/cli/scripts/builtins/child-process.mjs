// In place of `node:child_process`, which is loaded when a process is started.
export default { spawn: (...call) => process.getBuiltinModule('node:child_process').spawn(...call) };
