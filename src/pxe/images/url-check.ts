/** The `urls` of an image or asset: Sabakan has left empty and repeated ones there. */

/** What is wrong with them, each as the end of a sentence about their owner. */
export function urlMistakes(urls: readonly string[]): readonly string[] {
  const mistakes: string[] = [];
  if (urls.length === 0) mistakes.push('has no URL, so no other server can fetch it');
  if (urls.includes('')) mistakes.push('has an empty URL');
  const repeated = new Set(urls.filter((url, at) => url !== '' && urls.indexOf(url) < at));
  for (const url of repeated) mistakes.push(`has the URL ${url} more than once`);
  for (const url of new Set(urls)) {
    if (url !== '' && !URL.canParse(url))
      mistakes.push(`has ${JSON.stringify(url)}, which is no URL`);
  }
  return mistakes;
}
