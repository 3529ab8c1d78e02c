-- Take back one issued voucher.
SELECT r.outcome, r.detail, r.at, (r.voucher).*
  FROM voucher_void(
    %(public_id)s::uuid, %(reference)s, %(reason)s,
    ROW(%(actor_kind)s, %(actor_id)s, %(channel)s, %(device)s, %(may_know)s,
        %(correlation_id)s, %(key)s, %(fingerprint)s)::voucher_cause) r
