/** The symbols of `using`, which Node has since 20.4. Entry points load this file first, since a class reads the symbol when it is defined. */
const missing = (name: "dispose" | "asyncDispose") => {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
};
missing("dispose");
missing("asyncDispose");
