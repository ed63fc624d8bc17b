/** Client order ids that the exchange makes itself: `autoclose-o7` of a liquidation, `settlement-o8` of a contract that expired. */

const OWN = /^(?:autoclose|settlement)-o\d+$/;

export function ownId(reason: "autoclose" | "settlement", orders: number): string {
  return `${reason}-o${orders + 1}`;
}

export function isOwnId(clientOrderId: string): boolean {
  return OWN.test(clientOrderId);
}
