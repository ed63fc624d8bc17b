-- An order as it is stored: numbers as texts that read back as the same double. Generated from src/records/order.ts.
local function order_json(o)
  return '{"id":' .. quote(o.id) .. ',"pair":' .. quote(o.pair) .. ',"side":"' .. o.side .. '","order_type":'
    .. quote(o.order_type) .. (o.price and ',"price":' .. o.price or "") .. ',"size":' .. o.size .. ',"status":"' .. o.status
    .. '","created_at":' .. o.created_at .. ',"filled":' .. o.filled .. ',"intent":"' .. o.intent .. '"'
    .. (o.position_id and ',"position_id":' .. quote(o.position_id) or "")
    .. (o.signal_id and ',"signal_id":' .. quote(o.signal_id) or "") .. (o.tp and ',"tp":' .. o.tp or "")
    .. (o.sl and ',"sl":' .. o.sl or "") .. (o.cooldown and ',"cooldown":' .. o.cooldown or "") .. ',"notional":"' .. o.notional
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. ',"version":' .. o.version
    .. (o.reason and ',"reason":' .. quote(o.reason) or "") .. (o.rate and ',"rate":' .. o.rate or "")
    .. (o.flip and ',"flip":' .. quote(o.flip) or "") .. (o.closes and ',"closes":' .. o.closes or "")
    .. (o.slot and ',"slot":' .. o.slot or "") .. (o.reduces and ',"reduces":' .. quote(o.reduces) or "")
    .. (o.metadata and ',"metadata":' .. o.metadata or "") .. '}'
end
