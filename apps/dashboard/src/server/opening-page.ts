/** A file that leads a browser to a link. */
export function openingPage(link: string): string {
  return `<!doctype html><meta http-equiv="refresh" content="0; url=${escaped(link)}">\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
