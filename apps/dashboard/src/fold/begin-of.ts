/** A text of so many characters at most: what is left out is told by an ellipsis, and no character is cut in half. */
export function beginOf(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
