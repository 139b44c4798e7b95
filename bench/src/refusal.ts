/** What the person who runs the bench has to change: told in its message, without the place in the code. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
