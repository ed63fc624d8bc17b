/** Client order ids that the exchange makes itself: `autoclose-o7` for a liquidation, `settlement-o8` for an expired contract. */

const OWN = /^(?:autoclose|settlement)-o\d+$/;

export function ownId(reason: "autoclose" | "settlement", orders: number): string {
  return `${reason}-o${orders + 1}`;
}

export function isOwnId(clientOrderId: string): boolean {
  return OWN.test(clientOrderId);
}
