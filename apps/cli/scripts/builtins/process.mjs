// In place of `node:process`, whose import opens standard input and loads what reads it.
export default globalThis.process;
