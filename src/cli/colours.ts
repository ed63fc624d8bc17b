import pc from "picocolors";
import { signed } from "../words/printable.js";

const NAMES = ["bold", "dim", "red", "green", "yellow", "cyan"] as const;

/** Colours, or none if there is no terminal. A coloured text keeps no other colours than these. */
export type Colours = Readonly<Record<(typeof NAMES)[number], (text: string) => string>>;

export function coloursOf(isColoured: boolean): Colours {
  const colours = pc.createColors(isColoured);
  const paint = (name: (typeof NAMES)[number]) => {
    const [begin = "", end = ""] = colours[name]("\0").split("\0").map(signed);
    return (text: string) => `${begin}${text}${end}`;
  };
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
  };
}
