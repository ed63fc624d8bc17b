/** Words of refusals, for exchanges that have no codes or whose codes ccxt does not keep. */
export const REFUSAL_WORDS = {
  nothingToReduce:
    /reduce[- ]?only order (?:is rejected|failed|would increase)|reduce-only rule not satisfied|no (?:open )?positions? (?:to close|found)|current position is zero|don.t have any positions? |would ?not ?reduce ?position|POSITION_EMPTY|position (?:does not exist|is not exists?)/i,
  duplicate:
    /duplicate order sent|duplicat\w* (?:client|order.?link|cloid)|(?:client.?order.?id|client.?oid|order.?linked.?id|cl.?ord.?id|cloid) (?:is |has |was |been |already )*(?:duplicat|exist|repeat|used)/i,
};
