// The tab of a browser that is not signed in: it tries again, and then continues at its address. A refresh without a
// script would not load a page anew whose address ends in a fragment.
setTimeout(() => location.reload(), 3_000);
