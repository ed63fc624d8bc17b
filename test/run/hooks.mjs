/** Gives test files `telling.ts` where they import uvu. Runs in Node's thread for module hooks. */

const TELLING = new URL("./telling.ts", import.meta.url).href;

export async function resolve(specifier, context, next) {
  return next(specifier === "uvu" && context.parentURL !== TELLING ? TELLING : specifier, context);
}
