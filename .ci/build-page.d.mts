/** Writes index.html, icon.svg and assets/ into the folder. */
export function buildPage(folder: string): Promise<void>;
