-- Spend one voucher at a station, or say why not.
SELECT r.outcome, r.detail, r.at, (r.voucher).*
  FROM voucher_redeem(
    %(hmacs)s::bytea[], %(public_id)s::uuid, %(owner)s::bigint, %(station)s,
    ROW(%(actor_kind)s, %(actor_id)s, %(channel)s, %(device)s, %(may_know)s,
        %(correlation_id)s, %(key)s, %(fingerprint)s)::voucher_cause) r
