/** The command sf-state: texts that would steer a terminal, a spreadsheet, a page or a shell, in every field that takes a text. */
import { hostileTexts } from "./hostile-texts.suite.js";
import { onStand } from "./stand.js";

await onStand("hostile texts", hostileTexts);
