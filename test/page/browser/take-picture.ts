/** `npm run page:picture`: the picture of the page that opens the README, of the fleet that the tests play. */
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.js";
import { Fleet } from "./fleet.js";
import { DESK, Looker } from "./looker.js";

const FILE = fileURLToPath(new URL("../../../.github/page.png", import.meta.url));

await using fleet = await Fleet.start();
fleet.bots.get("trend-btc")?.at(-1)?.die();
const browser = await launch();
{
  await using looker = await Looker.open(browser, fleet.origin, { size: DESK });
  const page = await looker.page(fleet.link);
  await page.getByText(/1 of 4 bots dead/i).waitFor();
  await page.screenshot({ path: FILE, clip: { x: 0, y: 0, width: DESK.width, height: 762 } }); // two rows of cards, whole
}
await browser.close();
