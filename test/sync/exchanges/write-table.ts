/** `npm run stamp`: writes the table of exchanges into sync/README.md. */
import { writeTable } from "./table.js";

writeTable();
